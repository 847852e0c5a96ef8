"""The learning rate is far above what PPO bears."""

from planter.fault import Fault
from planter.settings import set_value
from planter.source import Source


def plant(source: Source) -> None:
    """A learning rate of 0.05."""
    set_value(source, "learning_rate", 0.05)


def plant_heldout(source: Source) -> None:
    """A learning rate of 0.1."""
    set_value(source, "learning_rate", 0.1)


FAULT = Fault(
    id="learning_rate_too_high",
    family="config",
    numbers=(66,),
    kind="statistical",
    plant=plant,
    heldout_plant=plant_heldout,
)
