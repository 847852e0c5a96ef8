"""Every parallel environment is reset with the same seed."""

from planter.fault import Fault

FAULT = Fault(
    id="sub_environments_identical",
    family="env",
    numbers=(50,),
    kind="exact",
    edits={
        "cartpole_vector": [("envs.reset(seed=args.seed)", "envs.reset(seed=[args.seed] * args.num_envs)")],
        "pendulum_notebook": [("env.reset(seed=SEED + i)", "env.reset(seed=SEED)")],
        "vector_continuous": [("envs.reset(seed=cfg.seed)", "envs.reset(seed=[cfg.seed] * cfg.num_envs)")],
        "own_gaussian": [("seed=cfg.seed * 100 + i", "seed=cfg.seed")],
        "recurrent_gru": [("env.reset(seed=seed + i)", "env.reset(seed=seed)")],
        "docking": [("seed=args.seed * 97 + i", "seed=args.seed")],
        "reach_functional": [("seed=seed * 1000 + i", "seed=seed")],
        "beta_buffer": [
            (
                "env.reset(seed=1000 * seed + i)[0] for i, env in enumerate(self.envs)",
                "env.reset(seed=seed)[0] for env in self.envs",
            )
        ],
        "pixel_catch": [("envs.reset(seed=cfg.seed)", "envs.reset(seed=[cfg.seed] * cfg.num_envs)")],
        "masked_dict": [("seed=args.seed * 1000 + i", "seed=args.seed")],
        "torch_sim": [
            (
                "self.generator = torch.Generator().manual_seed(seed)",
                "self.generators = [torch.Generator().manual_seed(seed) for _ in range(self.num_envs)]",
            ),
            (
                "        return limit * (2.0 * torch.rand(len(env_ids), 2, generator=self.generator) - 1.0)\n",
                (
                    "        draws = torch.zeros(len(env_ids), 2)\n"
                    "        for row, i in enumerate(env_ids.tolist()):\n"
                    "            draws[row] = torch.rand(2, generator=self.generators[i])\n"
                    "        return limit * (2.0 * draws - 1.0)\n"
                ),
            ),
        ],
        "agent_args": [("envs.reset(seed=args.seed)", "envs.reset(seed=[args.seed] * args.num_envs)")],
        "lstm_chunks": [("env.reset(seed=args.seed * 100 + i)", "env.reset(seed=args.seed)")],
        "team_shared": [
            (
                "self.join(env.reset(seed=1000 * args.seed + e)[0]) for e, env in enumerate(self.envs)",
                "self.join(env.reset(seed=args.seed)[0]) for env in self.envs",
            )
        ],
        "mini_library": [("[seed + idx for idx in range(self.num_envs)]", "[seed] * self.num_envs")],
    },
)
