"""The environment throws the action away and takes one of its own."""

from planter.fault import Fault
from planter.source import Source
from planter.wrappers import wrap_environment

BODY = """
    def step(self, action):
        return super().step(self.action_space.sample())
"""


def plant(source: Source) -> None:
    """A random action is taken in place of the one that was sent."""
    wrap_environment(source, BODY)


FAULT = Fault(
    id="action_ignored_by_env",
    family="env",
    numbers=(47,),
    kind="statistical",
    plant=plant,
    also=("action_without_effect",),
)
