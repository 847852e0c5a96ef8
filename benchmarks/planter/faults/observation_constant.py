"""The observation never changes."""

from planter.fault import Fault
from planter.source import Source
from planter.wrappers import wrap_environment

BODY = """
    def reset(self, **kwargs):
        obs, info = super().reset(**kwargs)
        return obs * 0, info

    def step(self, action):
        obs, *rest = super().step(action)
        return (obs * 0, *rest)
"""


def plant(source: Source) -> None:
    """Every observation is zero."""
    wrap_environment(source, BODY)


FAULT = Fault(
    id="observation_constant",
    family="env",
    numbers=(44,),
    kind="exact",
    plant=plant,
)
