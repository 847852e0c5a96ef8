"""From the actions of a policy to what the environment's action space takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.core import is_kind
from ppodoctor.training.envs.api import EnvironmentFault

Sender = Callable[[NDArray[Any]], NDArray[Any]]


def sender(space: Any, *, squash: bool = False) -> Sender:
    """The function from policy actions [N, ...] to environment actions.

    Discrete and MultiDiscrete count from 0 here and from `start` there. Box is clipped to its bounds, or scaled from
    [-1, 1] to them with `squash`; integer boxes are rounded. Raises EnvironmentFault for a space PPO has no policy for.
    """
    if is_kind(space, "Discrete"):
        return _discrete(int(space.start))
    if is_kind(space, "MultiDiscrete"):
        return _integers(space.shape, space.dtype, np.asarray(space.start) if np.any(space.start) else None)
    if is_kind(space, "MultiBinary"):
        return _integers(space.shape, space.dtype, None)
    if is_kind(space, "Box"):
        return _box(space, squash=squash)
    raise EnvironmentFault(
        f"The action space is {space}. Expected Discrete, MultiDiscrete, MultiBinary or Box. "
        "Flatten the parts of a Dict or Tuple into one MultiDiscrete or Box, and split them again inside of `step`."
    )


def _discrete(start: int) -> Sender:
    if start:
        return lambda actions: actions.astype(np.int64) + start
    return lambda actions: actions if actions.dtype == np.int64 else actions.astype(np.int64)


def _integers(shape: tuple[int, ...], dtype: Any, start: NDArray[Any] | None) -> Sender:
    def send(actions: NDArray[Any]) -> NDArray[Any]:
        sent = actions.reshape(len(actions), *shape).astype(dtype, copy=False)
        return sent if start is None else sent + start

    return send


def _box(space: Any, *, squash: bool) -> Sender:
    low, high, shape, dtype = space.low, space.high, space.shape, space.dtype
    whole = np.issubdtype(dtype, np.integer)
    if squash and not space.is_bounded():
        raise EnvironmentFault(
            f"Squashed actions are scaled to the bounds of the action space, and {space} has infinite ones. "
            "Give the Box finite low and high, or leave squash_actions off."
        )
    bounded = bool(np.any(np.isfinite(low)) or np.any(np.isfinite(high)))
    middle, half = (high / 2.0 + low / 2.0), (high / 2.0 - low / 2.0)

    def send(actions: NDArray[Any]) -> NDArray[Any]:
        sent = actions.reshape(len(actions), *shape)
        if squash:
            sent = middle + half * sent
        if whole:
            sent = np.rint(sent)
        if bounded:
            sent = np.minimum(np.maximum(sent, low), high)
        return sent.astype(dtype, copy=False)

    return send
