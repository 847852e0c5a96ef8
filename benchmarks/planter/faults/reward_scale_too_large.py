"""Rewards are a thousand times too large for the critic."""

from planter.fault import Fault
from planter.source import Source
from planter.wrappers import wrap_environment

BODY = """
    def step(self, action):
        obs, reward, *rest = super().step(action)
        return (obs, FACTOR * reward, *rest)
"""


def plant(source: Source) -> None:
    """The reward times 1000."""
    wrap_environment(source, BODY.replace("FACTOR", "1000.0"))


def plant_heldout(source: Source) -> None:
    """The reward times 500."""
    wrap_environment(source, BODY.replace("FACTOR", "500.0"))


FAULT = Fault(
    id="reward_scale_too_large",
    family="reward",
    numbers=(57,),
    kind="statistical",
    plant=plant,
    heldout_plant=plant_heldout,
)
