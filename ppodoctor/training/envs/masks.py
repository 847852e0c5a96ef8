"""Which actions are allowed: `info["action_mask"]` (gymnasium, PettingZoo) or `env.action_masks()` (sb3-contrib)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import Space, spaces
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault

KEY = "action_mask"
METHOD = "action_masks"


def width(space: Space[Any]) -> int | None:
    """Entries in a mask of an action space, those of several dimensions side by side; None: it cannot be masked."""
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return int(np.sum(space.nvec))
    if isinstance(space, spaces.MultiBinary):
        return 2 * int(np.prod(space.shape))
    return None


def method_of(env: Any) -> Callable[[], Any] | None:
    """The `action_masks` of an environment or of one that it wraps."""
    while env is not None:
        found = getattr(env, METHOD, None)
        if callable(found):
            return found  # type: ignore[no-any-return]
        env = getattr(env, "env", None)
    return None


def flat(mask: Any) -> NDArray[np.bool_]:
    """One environment's mask as a row; the parts of several dimensions (a tuple or list of arrays) side by side."""
    if isinstance(mask, (tuple, list)) and mask and np.ndim(mask[0]) == 1:
        return np.concatenate([np.asarray(part, np.bool_) for part in mask])
    return np.asarray(mask, np.bool_).ravel()


class Masks:
    """Turns masks of N environments into [N, width], and refuses those that cannot be."""

    def __init__(self, space: Space[Any], num_envs: int, name: str) -> None:
        self.width = width(space)
        self.num_envs, self.name, self.space = num_envs, name, space
        sizes = space.nvec.ravel() if isinstance(space, spaces.MultiDiscrete) else [self.width or 0]
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        if isinstance(space, spaces.MultiBinary):
            self._starts = np.arange(0, self.width or 0, 2)

    def rows(self, masks: list[Any]) -> NDArray[np.bool_]:
        """Masks of single environments as one array [N, width]; None allows everything."""
        if self.width is None:
            raise EnvironmentFault(
                f"{self.name} gives action masks for {self.space}. Only Discrete, MultiDiscrete and MultiBinary "
                "actions can be masked: leave the mask out, or make the actions discrete."
            )
        batch = np.ones((self.num_envs, self.width), np.bool_)
        for i, mask in enumerate(masks):
            if mask is None:
                continue
            row = flat(mask)
            if row.shape != (self.width,):
                raise EnvironmentFault(
                    f"The action mask of environment {i} of {self.name} has {row.size} entries. Expected {self.width}, "
                    f"one for each choice of {self.space}."
                )
            batch[i] = row
        return batch

    def allow_some(self, batch: NDArray[np.bool_], ended: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """The same masks; everything is allowed in rows that ended, whose next action is ignored.

        Raises EnvironmentFault where a running episode allows nothing.
        """
        if ended is not None:
            batch[ended] = True
        some = np.logical_or.reduceat(batch, self._starts, axis=1).all(axis=1)
        if not some.all():
            raise EnvironmentFault(
                f"The action mask of environment {int(np.argmin(some))} of {self.name} allows no action in a running "
                "episode. Allow at least one (a pass), or end the episode with terminated=True."
            )
        return batch
