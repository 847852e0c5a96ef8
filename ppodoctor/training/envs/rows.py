"""Batches of observations: one array per leaf of the space, floating point as float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import Space, spaces
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, Observation

LEAVES = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)


def as_float32(space: Space[Any]) -> Space[Any]:
    """The same space with float16 and float64 boxes as float32: what networks compute with."""
    if isinstance(space, spaces.Box):
        if not np.issubdtype(space.dtype, np.floating) or space.dtype == np.float32:
            return space
        with np.errstate(over="ignore"):  # a bound beyond float32 becomes infinite
            return spaces.Box(space.low.astype(np.float32), space.high.astype(np.float32), dtype=np.float32)
    if isinstance(space, spaces.Dict):
        return spaces.Dict({name: as_float32(part) for name, part in space.spaces.items()})
    if isinstance(space, spaces.Tuple):
        return spaces.Tuple([as_float32(part) for part in space.spaces])
    if isinstance(space, LEAVES):
        return space
    raise EnvironmentFault(
        f"The observation space holds {space}. Expected Box, Discrete, MultiDiscrete or MultiBinary, or a Dict or "
        "Tuple of them. Encode it as numbers of a fixed shape in an ObservationWrapper."
    )


def readable(env: Any) -> tuple[Any, str]:
    """The environment without the texts in its Dict observations (MiniGrid's mission), and a note if there were any."""
    space = env.observation_space
    if not isinstance(space, spaces.Dict) or not isinstance(env, gym.Env):
        return env, ""
    kept = [name for name, part in space.spaces.items() if isinstance(part, (*LEAVES, spaces.Dict, spaces.Tuple))]
    lost = sorted(set(space.spaces) - set(kept))
    if not lost or not kept:
        return env, ""
    note = (
        f"{', '.join(map(repr, lost))} of the observation is not numbers and is left out: the policy does not see it."
    )
    return gym.wrappers.FilterObservation(env, kept), note


def leaves(observation: Observation) -> list[NDArray[Any]]:
    """The arrays of an observation, in the order of its space."""
    if isinstance(observation, dict):
        return [leaf for part in observation.values() for leaf in leaves(part)]
    if isinstance(observation, tuple):
        return [leaf for part in observation for leaf in leaves(part)]
    return [observation]


def mapped(function: Callable[..., NDArray[Any]], *observations: Observation) -> Observation:
    """A function of arrays at every leaf of observations that are alike."""
    first = observations[0]
    if isinstance(first, dict):
        return {name: mapped(function, *(one[name] for one in observations)) for name in first}
    if isinstance(first, tuple):
        return tuple(mapped(function, *parts) for parts in zip(*observations, strict=True))
    return function(*observations)


def to_float32(observation: Observation) -> Observation:
    """The observation with its floating-point arrays as float32; arrays that are already right are not copied."""

    def convert(array: NDArray[Any]) -> NDArray[Any]:
        return array.astype(np.float32, copy=False) if array.dtype.kind == "f" else array

    return mapped(convert, observation)


def chosen(rows: NDArray[np.bool_], new: Observation, old: Observation) -> Observation:
    """`new` in the rows that are True, `old` in the others; [N, ...] as both."""

    def pick(fresh: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
        picked: NDArray[Any] = np.where(rows.reshape(-1, *[1] * (kept.ndim - 1)), fresh, kept)
        return picked

    return mapped(pick, new, old)


class Rows:
    """Makes batches of `num_envs` observations of a space and fills them row by row."""

    def __init__(self, space: Space[Any], num_envs: int) -> None:
        self.space = as_float32(space)
        self.num_envs = num_envs
        self._plain = isinstance(self.space, LEAVES)
        self._shape = (num_envs, *(self.space.shape or ()))
        self._dtype = self.space.dtype

    def blank(self) -> Observation:
        """A new batch whose content is still to be written."""
        return np.empty(self._shape, self._dtype) if self._plain else _blank(self.space, self.num_envs)

    def stack(self, ones: list[Any]) -> Observation:
        """A batch of one observation per environment."""
        batch = self.blank()
        if self._plain:
            for i, one in enumerate(ones):
                batch[i] = one
        else:
            for i, one in enumerate(ones):
                place(batch, i, one)
        return batch


def _blank(space: Space[Any], n: int) -> Observation:
    if isinstance(space, spaces.Dict):
        return {name: _blank(part, n) for name, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_blank(part, n) for part in space.spaces)
    return np.empty((n, *(space.shape or ())), space.dtype)


def place(batch: Observation, i: int, one: Any) -> None:
    """Write one environment's observation into row i of a batch."""
    if isinstance(batch, dict):
        for name, part in batch.items():
            place(part, i, one[name])
    elif isinstance(batch, tuple):
        for part, value in zip(batch, one, strict=True):
            place(part, i, value)
    else:
        batch[i] = one
