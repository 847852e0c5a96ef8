"""The observation never changes."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="observation_constant",
    family="env",
    numbers=(44,),
    kind="exact",
    plant=environment(Spoiled(observation="obs * 0")),
    heldout_plant=environment(Spoiled(observation="obs * 0 + 0.5")),
    edits={
        "masked_dict": [
            (
                '"agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32),',
                '"agent": np.zeros(3, np.float32),',
            ),
            ('"goal": np.concatenate(ways).astype(np.float32),', '"goal": np.zeros(6, np.float32),'),
            ('"mask": np.array(self.allowed(), np.float32),', '"mask": np.ones(6, np.float32),'),
        ],
        "torch_sim": [
            (
                (
                    "return torch.cat([2.0 * self.ball_pos, self.ball_vel, 5.0 * "
                    "self.tilt, 2.0 * error, self.last_actions], dim=-1)"
                ),
                "return torch.zeros(self.num_envs, self.num_obs)",
            ),
            ("        error = self.commands - self.ball_pos\n", ""),
        ],
        "team_shared": [
            (
                "            observations[agent] = np.concatenate(parts).astype(np.float32)\n",
                "            observations[agent] = np.full_like(np.concatenate(parts), 0.5, dtype=np.float32)\n",
            )
        ],
        "mini_library": [
            (
                "            self.buf_obs[idx], self.buf_infos[idx] = obs, info\n",
                "            self.buf_infos[idx] = info\n",
            )
        ],
    },
)
