"""Rewards are a thousand times too large for the critic."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="reward_scale_too_large",
    family="reward",
    numbers=(57,),
    kind="statistical",
    plant=environment(Spoiled(reward="1000.0 * reward")),
    unless=frozenset({"vector_continuous", "memory_batches", "team_shared", "tricks_ppo"}),
    also=("value_loss_swamps_policy",),
    heldout_plant=environment(Spoiled(reward="500.0 * reward")),
    edits={
        "torch_sim": [("REWARD_SCALES[name] * self.dt * term", "REWARD_SCALES[name] * 1000.0 * self.dt * term")],
        "team_shared": [
            ("shared = 0.3 * arrived.sum() - 3.0 * crashed", "shared = 300.0 * arrived.sum() - 3000.0 * crashed"),
            ("3.0 * arrived[i] + shared", "3000.0 * arrived[i] + shared"),
        ],
    },
)
