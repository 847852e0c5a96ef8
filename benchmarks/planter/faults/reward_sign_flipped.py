"""The environment hands out costs as rewards."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="reward_sign_flipped",
    family="reward",
    numbers=(59,),
    kind="statistical",
    plant=environment(Spoiled(reward="-reward")),
    unless=frozenset({"docking", "drone_multidiscrete", "pixel_catch", "masked_dict"}),
    edits={
        "torch_sim": [
            ("return sum(REWARD_SCALES[name] * self.dt * term", "return -sum(REWARD_SCALES[name] * self.dt * term")
        ],
        "team_shared": [
            ("shared = 0.3 * arrived.sum() - 3.0 * crashed", "shared = 3.0 * crashed - 0.3 * arrived.sum()"),
            ("3.0 * arrived[i] + shared", "shared - 3.0 * arrived[i]"),
        ],
        "mini_library": [
            (
                "reward = 1.0 / (1.0 + error**2) - 0.1 * max(0.0, self.heating[action]) - 4.0 * ended",
                "reward = 4.0 * ended + 0.1 * max(0.0, self.heating[action]) - 1.0 / (1.0 + error**2)",
            )
        ],
    },
)
