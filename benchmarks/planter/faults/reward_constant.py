"""The reward is zero, whatever happens."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="reward_constant",
    family="reward",
    numbers=(56,),
    kind="exact",
    plant=environment(Spoiled(reward="0.0")),
    also=("reward_never_met",),
)
