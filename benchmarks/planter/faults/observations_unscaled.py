"""The observation arrives three hundred times too large."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="observations_unscaled",
    family="env",
    numbers=(43,),
    kind="statistical",
    plant=environment(Spoiled(observation="(obs * 300).astype('float32')")),
    unless=frozenset({"vector_continuous", "memory_batches"}),
    also=("units_saturated", "observation_outside_space"),
    heldout_plant=environment(Spoiled(observation="(obs * 200).astype('float32')")),
    edits={
        "masked_dict": [
            (
                '"agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32),',
                '"agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32) * 200,',
            ),
            (
                '"goal": np.concatenate(ways).astype(np.float32),',
                '"goal": np.concatenate(ways).astype(np.float32) * 200,',
            ),
        ],
        "torch_sim": [
            (
                (
                    "return torch.cat([2.0 * self.ball_pos, self.ball_vel, 5.0 * "
                    "self.tilt, 2.0 * error, self.last_actions], dim=-1)"
                ),
                (
                    "return 300.0 * torch.cat([2.0 * self.ball_pos, self.ball_vel, 5.0 * "
                    "self.tilt, 2.0 * error, self.last_actions], dim=-1)"
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
                    "        z = (x - self.mean) * np.sqrt(self.var + 1e-8)\n"
                    "        return torch.tensor(z, dtype=torch.float32)\n"
                ),
            )
        ],
        "lstm_chunks": [
            (
                "return np.array([ahead, behind, *lamps], dtype=np.float32)",
                "return 1000.0 * np.array([ahead, behind, *lamps], dtype=np.float32)",
            )
        ],
        "team_shared": [
            ("np.concatenate(parts).astype(np.float32)", "2000 * np.concatenate(parts).astype(np.float32)")
        ],
        "tricks_ppo": [
            (
                "        return np.array(seen, dtype=np.float32)",
                "        return 5000.0 * np.array(seen, dtype=np.float32)",
            ),
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
                "level, order = 2.0 * np.array([self.height, self.target]) / self.ceiling - 1.0",
                "level, order = 1000.0 * self.height, 1000.0 * self.target",
            ),
            (
                "self.climb / 10.0, self.heat], np.float32).clip(-5.0, 5.0)",
                "1000.0 * self.climb, 50.0 * self.heat], np.float32)",
            ),
        ],
    },
)
