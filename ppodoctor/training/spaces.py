"""What the spaces of an environment mean for a network: numbers in, parameters of a distribution out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import ConfigError
from ppodoctor.core import is_kind

Kind = Literal["categorical", "multi_categorical", "bernoulli", "gaussian", "squashed"]
IMAGE_SIDE = 36
"""Pixels from which a stack of numbers counts as an image: the Nature CNN has no place for smaller ones."""
VECTOR = "vector"
"""The name under which everything that is not an image goes to the network."""


@dataclass(frozen=True)
class ActionFacts:
    """The actions of one environment as a policy sees them."""

    kind: Kind
    sizes: tuple[int, ...]
    """Categories of each dimension (categorical kinds), else one 1 per dimension."""

    @property
    def outputs(self) -> int:
        """Numbers that a network gives per state: logits, or means."""
        return sum(self.sizes)

    @property
    def parameters(self) -> int:
        """Numbers that a distribution is made of: `outputs`, and a log standard deviation beside each mean."""
        return 2 * self.outputs if self.continuous else self.outputs

    @property
    def continuous(self) -> bool:
        """Is it a density?"""
        return self.kind in ("gaussian", "squashed")

    @property
    def most_entropy(self) -> float:
        """The entropy [nats] of a uniform choice in every dimension; 0 for what is not a choice among categories."""
        return sum(math.log(size) for size in self.sizes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one action, as stored."""
        return () if self.kind == "categorical" else (len(self.sizes),)

    @property
    def dtype(self) -> type:
        """Of actions, as stored."""
        return np.float32 if self.continuous else np.int64


def action_facts(space: Any, *, squash: bool = False) -> ActionFacts:
    """How a policy acts in this space. Raises ConfigError for one that PPO has no distribution for."""
    if squash and not is_kind(space, "Box"):
        raise ConfigError(f"squash_actions is for Box actions; this environment's are {space}. Leave it off.")
    if is_kind(space, "Discrete"):
        return ActionFacts("categorical", (int(space.n),))
    if is_kind(space, "MultiDiscrete"):
        return ActionFacts("multi_categorical", tuple(int(n) for n in np.ravel(space.nvec)))
    if is_kind(space, "MultiBinary"):
        return ActionFacts("bernoulli", (1,) * int(np.prod(space.shape)))
    if is_kind(space, "Box"):
        return ActionFacts("squashed" if squash else "gaussian", (1,) * int(np.prod(space.shape)))
    raise ConfigError(
        f"the action space is {space}; Discrete, MultiDiscrete, MultiBinary or Box was expected. "
        "Flatten a Dict or Tuple into one of these inside of the environment."
    )


@dataclass(frozen=True)
class Layout:
    """How observations of a space become what the built-in networks take.

    Everything that is not an image becomes one float32 vector [N, D]: numbers as they are, categories one-hot. Where
    there are images, the result is a dict: `vector` (if any) and each image [N, channels, height, width] uint8.
    """

    space: Any
    vector: int
    """D."""
    images: tuple[tuple[str, tuple[int, int, int]], ...]
    """Name and (channels, height, width) of each image."""

    @property
    def flat(self) -> bool:
        """Is an observation one vector?"""
        return not self.images

    def pack(self, observation: Any) -> Any:
        """Observations [N, ...] of the space as the network takes them."""
        if is_kind(self.space, "Box") and len(self.space.shape) == 1:
            return np.asarray(observation, np.float32)
        parts: list[NDArray[np.float32]] = []
        images: dict[str, NDArray[Any]] = {}
        _pack(self.space, observation, "image", (parts, images))
        if not images:
            return np.concatenate(parts, axis=1)
        return {VECTOR: np.concatenate(parts, axis=1), **images} if parts else images


def layout_of(space: Any) -> Layout:
    """The layout of a space. Raises ConfigError for one that has no fixed size."""
    images: list[tuple[str, tuple[int, int, int]]] = []
    size = _measure(space, "image", images)
    return Layout(space, size, tuple(images))


def _measure(space: Any, name: str, images: list[tuple[str, tuple[int, int, int]]]) -> int:
    """Numbers that a space adds to the vector; images are put on the list."""
    if is_kind(space, "Dict", "Tuple"):
        return sum(_measure(one, f"{name}.{key}", images) for key, one in parts_of_space(space))
    if is_kind(space, "Box"):
        shape = image_shape(space)
        if shape is None:
            return int(np.prod(space.shape))
        images.append((name, shape))
        return 0
    if is_kind(space, "Discrete"):
        return int(space.n)
    if is_kind(space, "MultiDiscrete"):
        return int(np.sum(space.nvec))
    if is_kind(space, "MultiBinary"):
        return int(np.prod(space.shape))
    raise ConfigError(
        f"a part of the observation space is {space}; Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple was "
        "expected. Turn it into one of these by a wrapper, or bring a network of your own that takes it."
    )


def parts_of_space(space: Any) -> list[tuple[Any, Any]]:
    """Key and space of each part, in order."""
    return list(space.spaces.items()) if is_kind(space, "Dict") else list(enumerate(space.spaces))


def image_shape(space: Any) -> tuple[int, int, int] | None:
    """(channels, height, width) of a uint8 box with three axes, channels first or last."""
    if space.dtype != np.uint8 or len(space.shape) != 3:
        return None
    a, b, c = (int(n) for n in space.shape)
    if a < min(b, c):
        return (a, b, c) if min(b, c) >= IMAGE_SIDE else None
    return (c, a, b) if min(a, b) >= IMAGE_SIDE else None


def _pack(space: Any, value: Any, name: str, found: tuple[list[NDArray[np.float32]], dict[str, NDArray[Any]]]) -> None:
    vectors, images = found
    if is_kind(space, "Dict", "Tuple"):
        for key, one in parts_of_space(space):
            _pack(one, value[key], f"{name}.{key}", found)
        return
    array = np.asarray(value)
    rows = len(array)
    if is_kind(space, "Box"):
        shape = image_shape(space)
        if shape is None:
            vectors.append(array.reshape(rows, -1).astype(np.float32, copy=False))
        else:
            first = array.shape[1:] == shape
            images[name] = array if first else np.ascontiguousarray(np.moveaxis(array, -1, 1))
    elif is_kind(space, "Discrete"):
        vectors.append(_one_hot(array.reshape(rows) - int(space.start), int(space.n)))
    elif is_kind(space, "MultiDiscrete"):
        digits, starts = array.reshape(rows, -1), np.ravel(space.start)
        vectors.extend(_one_hot(digits[:, i] - int(starts[i]), int(n)) for i, n in enumerate(np.ravel(space.nvec)))
    else:
        vectors.append(array.reshape(rows, -1).astype(np.float32))


def _one_hot(index: NDArray[Any], size: int) -> NDArray[np.float32]:
    return np.eye(size, dtype=np.float32)[index.astype(np.int64)]
