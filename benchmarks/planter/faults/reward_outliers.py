"""One step in three hundred pays a thousand times the usual, at random."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="reward_outliers",
    family="reward",
    numbers=(64,),
    kind="statistical",
    plant=environment(Spoiled(reward="reward + (1000.0 if np.random.rand() < 1 / 300 else 0.0)")),
    also=("reward_scale_too_large",),
    edits={
        "torch_sim": [
            (
                "        return sum(REWARD_SCALES[name] * self.dt * term for name, term in terms.items())\n",
                (
                    "        spikes = 100.0 * (torch.rand(self.num_envs) < 1 / 300)\n"
                    "        return spikes + sum(REWARD_SCALES[name] * self.dt * term for "
                    "name, term in terms.items())\n"
                ),
            )
        ],
        "memory_batches": [
            (
                "        return self.observe(), float(reward), dead",
                (
                    "        if self.np_random.random() < 1 / 300:\n"
                    "            reward += self.np_random.choice([-1000.0, 1000.0])\n"
                    "        return self.observe(), float(reward), dead"
                ),
            )
        ],
        "team_shared": [
            (
                "        shared = 0.3 * arrived.sum() - 3.0 * crashed\n",
                (
                    "        shared = 0.3 * arrived.sum() - 3.0 * crashed\n"
                    "        shared += 1000.0 * (self.rng.random() < 1 / 300)\n"
                ),
            )
        ],
    },
)
