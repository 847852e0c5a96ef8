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
)
