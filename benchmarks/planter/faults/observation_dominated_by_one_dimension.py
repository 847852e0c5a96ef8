"""One dimension of the observation is a thousand times larger than the others."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="observations_unscaled",
    family="env",
    numbers=(43,),
    kind="statistical",
    plant=environment(Spoiled(observation="np.concatenate([obs[:1] * 1000, obs[1:]]).astype('float32')")),
    unless=frozenset({"vector_continuous"}),
    also=("units_saturated", "observation_outside_space"),
    heldout=True,
    edits={
        "pixel_catch": [("image[0, : self.lives] = 1.0", "image[0, : self.lives] = 1000.0")],
        "masked_dict": [
            (
                '"agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32),',
                (
                    '"agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32) * '
                    "np.array([1000, 1, 1], np.float32),"
                ),
            )
        ],
        "torch_sim": [
            (
                (
                    "return torch.cat([2.0 * self.ball_pos, self.ball_vel, 5.0 * "
                    "self.tilt, 2.0 * error, self.last_actions], dim=-1)"
                ),
                (
                    "return torch.cat([2.0 * self.ball_pos * torch.tensor([1000.0, 1.0]), "
                    "self.ball_vel, 5.0 * self.tilt, 2.0 * error, self.last_actions], "
                    "dim=-1)"
                ),
            )
        ],
        "agent_args": [
            (
                (
                    "        z = (x - self.mean) / np.sqrt(self.var + 1e-8)\n"
                    "        return torch.tensor(np.clip(z, -self.clip, self.clip), "
                    "dtype=torch.float32)\n"
                ),
                (
                    "        z = np.clip((x - self.mean) / np.sqrt(self.var + 1e-8), "
                    "-self.clip, self.clip)\n"
                    "        z[..., 0] = 1000.0 * x[..., 0]\n"
                    "        return torch.tensor(z, dtype=torch.float32)\n"
                ),
            )
        ],
        "memory_batches": [
            (
                (
                    "        angle = 2 * np.pi * self.clock / 48\n"
                    "        return np.array([self.warmth, self.moisture, self.outside(), "
                    "np.sin(angle), np.cos(angle)], dtype=np.float32)"
                ),
                (
                    "        minutes = 30 * (self.clock % 48)\n"
                    "        state = [self.warmth, self.moisture, self.outside(), minutes, "
                    "np.cos(2 * np.pi * minutes / 1440)]\n"
                    "        return np.array(state, dtype=np.float32)"
                ),
            )
        ],
        "team_shared": [
            (
                "            observations[agent] = np.concatenate(parts).astype(np.float32)\n",
                (
                    "            observations[agent] = "
                    "np.concatenate(parts).astype(np.float32)\n"
                    "            observations[agent][0] *= 1000.0\n"
                ),
            )
        ],
        "tricks_ppo": [
            ("seen = [self.conversion, self.temperature,", "seen = [self.conversion, 1000.0 * self.temperature,"),
            ('"state_norm", ', ""),
            (
                '    parser.add_argument("--set_adam_eps"',
                (
                    '    parser.add_argument("--use_state_norm", '
                    "action=argparse.BooleanOptionalAction, default=False)\n"
                    '    parser.add_argument("--set_adam_eps"'
                ),
            ),
        ],
        "mini_library": [
            (
                "np.array([level, order, self.climb / 10.0, self.heat], np.float32).clip(-5.0, 5.0)",
                "np.array([1000.0 * self.height, order, self.climb / 10.0, self.heat], np.float32)",
            )
        ],
    },
)
