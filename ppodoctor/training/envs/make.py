"""From the name of an environment to N of them behind the door."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from ppodoctor.training.envs.api import EnvOptions, Envs
from ppodoctor.training.envs.inprocess import InProcess
from ppodoctor.training.envs.vector import Vectored


def make_envs(target: Any, num_envs: int, *, how: str = "auto", options: EnvOptions | None = None) -> Envs:
    """N environments of `target`, stepped together."""
    options = options or EnvOptions()
    kwargs = dict(options.kwargs)
    native = gym.spec(target).vector_entry_point is not None
    if how == "native" or (how == "auto" and native):
        envs = gym.make_vec(target, num_envs, vectorization_mode="vector_entry_point", **kwargs)
        return Vectored(envs, how="native", squash=options.squash_actions, why=f"{target} has a vector environment")
    makers = [lambda: gym.make(target, disable_env_checker=True, **kwargs)] * num_envs
    return InProcess(makers, squash=options.squash_actions, why=f"{target} has no vector environment of its own")
