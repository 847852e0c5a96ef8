"""Environments behind one door: whatever they are made of, training sees `Envs` and `Step`."""

from ppodoctor.training.envs.api import EnvironmentFault, EnvOptions, Envs, Finished, Observation, Step
from ppodoctor.training.envs.make import make_envs

__all__ = ["EnvOptions", "EnvironmentFault", "Envs", "Finished", "Observation", "Step", "make_envs"]
