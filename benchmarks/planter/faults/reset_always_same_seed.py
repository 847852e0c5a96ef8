"""Every reset is given the same seed: all episodes start alike."""

from planter.fault import Fault

FAULT = Fault(
    id="reset_always_same_seed",
    family="env",
    numbers=(50,),
    kind="exact",
    edits={
        "class_agent": [("            state, _ = env.reset()", "            state, _ = env.reset(seed=seed)")],
        "own_softmax": [("            s, _ = env.reset()\n", "            s, _ = env.reset(seed=0)\n")],
        "two_optimizers": [("                o, _ = env.reset()\n", "                o, _ = env.reset(seed=seed)\n")],
        "drone_multidiscrete": [
            ("                obs, _ = env.reset()\n", "                obs, _ = env.reset(seed=args.seed)\n")
        ],
        "own_gaussian": [("obs[i], _ = env.reset()", "obs[i], _ = env.reset(seed=0)")],
        "beta_buffer": [("                obs, _ = env.reset()\n", "                obs, _ = env.reset(seed=0)\n")],
        "spin_epochs": [("                obs, _ = env.reset()\n", "                obs, _ = env.reset(seed=seed)\n")],
        "pixel_catch": [
            (
                "        super().reset(seed=seed)\n",
                ("        self.seed = self.seed if seed is None else seed\n        super().reset(seed=self.seed)\n"),
            ),
            (
                "    def __init__(self):\n        self.obs",
                "    def __init__(self):\n        self.seed = 0\n        self.obs",
            ),
        ],
        "masked_dict": [("seen, _ = env.reset()", "seen, _ = env.reset(seed=i)")],
        "torch_sim": [
            (
                "        self.ball_pos[env_ids] = self.uniform(",
                (
                    "        self.generator.manual_seed(self.generator.initial_seed())\n"
                    "        self.ball_pos[env_ids] = self.uniform("
                ),
            )
        ],
        "agent_args": [
            ("    half, max_tilt, dt = 150.0,", "    my_seed = None\n    half, max_tilt, dt = 150.0,"),
            (
                "        super().reset(seed=seed)\n",
                (
                    "        self.my_seed = self.my_seed if seed is None else seed\n"
                    "        super().reset(seed=self.my_seed)\n"
                ),
            ),
        ],
        "lstm_chunks": [
            ("                ob, _ = env.reset()\n", "                ob, _ = env.reset(seed=args.seed)\n")
        ],
        "student_ppo": [("            state, _ = env.reset()\n", "            state, _ = env.reset(seed=seed)\n")],
        "memory_batches": [
            ("            observation, _ = env.reset()\n", "            observation, _ = env.reset(seed=args.seed)\n")
        ],
        "team_shared": [("observations, _ = env.reset()", "observations, _ = env.reset(seed=self.args.seed)")],
        "tricks_ppo": [
            (
                "        s, _ = env.reset()\n        if args.use_state_norm:\n            s = state_norm(s)\n",
                (
                    "        s, _ = env.reset(seed=args.seed)\n"
                    "        if args.use_state_norm:\n"
                    "            s = state_norm(s)\n"
                ),
            )
        ],
        "mini_library": [
            ("        self._seeds = [None] * self.num_envs\n        return", "        return"),
            ("obs, _ = env.reset()", "obs, _ = env.reset(seed=self._seeds[idx])"),
        ],
    },
)
