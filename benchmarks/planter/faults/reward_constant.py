"""Every step brings the same reward, whatever happens, episodes of every length included."""

from planter.fault import Fault
from planter.source import Source
from planter.wrappers import wrap_environment

BODY = """
    def step(self, action):
        obs, _, terminated, truncated, info = super().step(action)
        return obs, 0.0, terminated, truncated, info
"""


def plant(source: Source) -> None:
    """The reward is always zero."""
    wrap_environment(source, BODY)


FAULT = Fault(
    id="reward_constant",
    family="reward",
    numbers=(56,),
    kind="exact",
    plant=plant,
)
