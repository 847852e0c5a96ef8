"""Environments behind one door: whatever they are made of, training sees `Envs` and `Step`."""

from typing import TYPE_CHECKING, Any

from ppodoctor.training.envs.api import EnvironmentFault, EnvOptions, Envs, Finished, Observation, Step

if TYPE_CHECKING:
    from ppodoctor.training.envs.make import make_envs

__all__ = ["EnvOptions", "EnvironmentFault", "Envs", "Finished", "Observation", "Step", "make_envs"]


def __getattr__(name: str) -> Any:
    """`make_envs` loads gymnasium, which a run that the compiled core steps by itself does without."""
    if name != "make_envs":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ppodoctor.training.envs.make import make_envs

    return make_envs
