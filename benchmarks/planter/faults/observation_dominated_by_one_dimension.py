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
)
