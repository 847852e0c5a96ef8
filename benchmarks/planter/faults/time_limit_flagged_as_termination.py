"""The environment calls its time limit a termination."""

from planter.fault import Fault
from planter.wrappers import Spoiled, environment

FAULT = Fault(
    id="time_limit_flagged_as_termination",
    family="env",
    numbers=(49,),
    kind="exact",
    plant=environment(Spoiled(ending=("terminated, truncated = terminated or truncated, False",))),
    needs=frozenset({"time_limit"}),
    unless=frozenset({"drone_multidiscrete", "docking"}),
    also=("time_limit_read_as_death",),
)
