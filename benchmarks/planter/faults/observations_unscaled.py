"""The observation arrives three hundred times too large."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="observations_unscaled",
    family="env",
    numbers=(43,),
    kind="statistical",
    plant=environment(Spoiled(observation="(obs * 300).astype('float32')")),
    unless=frozenset({"vector_continuous"}),
    also=("units_saturated", "observation_outside_space"),
    heldout_plant=environment(Spoiled(observation="(obs * 200).astype('float32')")),
)
