"""Episodes that the time limit cut are stepped on without a reset."""

from planter.fault import Fault

FAULT = Fault(
    id="stepped_after_end",
    family="env",
    numbers=(49,),
    kind="exact",
    edits={
        "two_optimizers": [
            ("gym.make(env_name)", "gym.make(env_name, max_episode_steps=30)"),
            (
                "                o, _ = env.reset()\n",
                ("                if terminated:\n                    o, _ = env.reset()\n"),
            ),
        ],
        "class_agent": [
            ("gym.make(env_name)", "gym.make(env_name, max_episode_steps=30)"),
            (
                "            state, _ = env.reset()\n",
                "            if terminated:\n                state, _ = env.reset()\n",
            ),
        ],
        "beta_buffer": [
            (
                "                obs, _ = env.reset()\n",
                "                if term:\n                    obs, _ = env.reset()\n",
            )
        ],
        "spin_epochs": [
            (
                "                obs, _ = env.reset()\n                obs, ep_ret = obs * OBS_SCALE, 0.0\n",
                (
                    "                if terminated:\n"
                    "                    obs, _ = env.reset()\n"
                    "                    obs, ep_ret = obs * OBS_SCALE, 0.0\n"
                ),
            )
        ],
        "masked_dict": [
            (
                "                seen, _ = env.reset()\n",
                "                if terminated:\n                    seen, _ = env.reset()\n",
            )
        ],
        "torch_sim": [
            (
                "        self.reset_idx(dones.nonzero().flatten())\n",
                "        self.reset_idx(lost.nonzero().flatten())\n",
            )
        ],
        "lstm_chunks": [
            (
                "                ob, _ = env.reset()\n",
                "                if terminated:\n                    ob, _ = env.reset()\n",
            )
        ],
        "student_ppo": [
            (
                "            state, _ = env.reset()\n",
                "            if terminated:\n                state, _ = env.reset()\n",
            )
        ],
        "memory_batches": [
            (
                "            observation, _ = env.reset()\n",
                "            if terminated:\n                observation, _ = env.reset()\n",
            )
        ],
        "team_shared": [
            (
                (
                    "                    observations, _ = env.reset()\n"
                    "                    reached = self.join(observations)\n"
                ),
                (
                    "                    if any(terminations.values()):\n"
                    "                        observations, _ = env.reset()\n"
                    "                        reached = self.join(observations)\n"
                ),
            )
        ],
        "tricks_ppo": [("            done = dw or truncated\n", "            done = dw\n")],
        "mini_library": [
            (
                '                info["terminal_observation"] = obs\n                obs, _ = env.reset()\n',
                (
                    '                info["terminal_observation"] = obs\n'
                    "                if terminated:\n"
                    "                    obs, _ = env.reset()\n"
                ),
            )
        ],
    },
    also=("episodes_never_end",),
    heldout=True,
)
