"""Rows of a plain stream as raw numbers: what is kept of most steps of a long run.

Objects that stay (an array and a few tuples per step) would push the script's own data out of the processor's caches,
and cost it more time than it takes to make them. Loaded inside the watched process: standard library and numpy only,
Python 3.9 or later.
"""

from __future__ import annotations

from array import array
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.watching.env_values import as_array

Array = Any
_FLOAT = np.dtype(np.float64)
_FLOATS = (float, np.floating)
_NUMBER = (bool, int, np.bool_, np.integer, *_FLOATS)


class Tape:
    """Rows of (action, reward, two flags). An environment alone gives numbers, a `vector` arrays of [N]."""

    def __init__(self, envs: int, vector: bool, reward: Any) -> None:
        """`reward` is one of those to come: its type is the one that is kept."""
        self.envs = envs
        self.vector = vector
        floats = vector and type(reward) is np.ndarray and reward.dtype.kind == "f"
        self.dtype: Any = reward.dtype if floats else _FLOAT
        self.rewards: Any = bytearray() if vector else array("d")
        self.actions: Any = None
        """Bytes of arrays, or numbers; None before the first."""
        self.kind: Any = None
        """Type of the first action."""
        self.action_dtype: Any = None
        """Of arrays; None where actions are numbers."""
        self._action_shape: Tuple[int, ...] = ()
        self._integers = False
        self._unlike = False
        """The actions have no common type."""
        self.ends: List[Tuple[int, Any, Any]] = []
        """(row, flags, flags) of the rows at which an environment ended."""

    def __len__(self) -> int:
        return len(self.rewards) // (self.dtype.itemsize * self.envs) if self.vector else len(self.rewards)

    def append(self, action: Any, reward: Any, ended: Any, cut: Any) -> bool:
        """One more row, of whatever types; says whether an environment ended."""
        row = len(self)
        if self.vector:
            flags: Any = (ended.tobytes(), b"" if cut is None else cut.tobytes())
            over = b"\1" in flags[0] or b"\1" in flags[1]
            self.rewards += self.numbers(reward)
        else:
            flags = (bool(ended), bool(cut))
            over = any(flags)
            self.rewards.append(self.number(reward))
        if over:
            self.ends.append((row, *flags))
        self._add_action(action)
        return over

    def numbers(self, reward: Any) -> bytes:
        """The rewards of all environments, as they lie on the tape."""
        found = as_array(reward).reshape(self.envs).astype(self.dtype, copy=False)
        return bytes(found.tobytes())

    @staticmethod
    def number(reward: Any) -> float:
        """The reward of an environment alone."""
        return float(as_array(reward).reshape(()))

    def sent(self, action: Any) -> bytes:
        """An action, as it lies on the tape; nothing where it is unlike the others. Raises nothing."""
        try:
            return bytes(as_array(action).astype(self.action_dtype, casting="same_kind", copy=False).tobytes())
        except Exception:  # called before the script's step, which must be taken whatever this is
            self._unlike = True
            return b""

    def reward(self) -> Array:
        """[T, N] float64."""
        flat = np.frombuffer(self.rewards, self.dtype).reshape(len(self), self.envs)
        return flat.astype(np.float64)

    def flags(self) -> Tuple[Array, Array]:
        """[T, N] each; the second is all False where step says only `done`."""
        found = np.zeros((2, len(self), self.envs), bool)
        for row, *both in self.ends:
            for place, flags in enumerate(both):
                if flags:
                    found[place, row] = np.frombuffer(flags, bool) if self.vector else flags
        return found[0], found[1]

    def action(self) -> Optional[Array]:
        """[T, ...] or None when the actions have no common shape."""
        if self._unlike or self.actions is None:
            return None
        if self.action_dtype is None:
            found = np.array(self.actions)
            return found.astype(np.int64) if self._integers else found
        shape = (len(self), *self._action_shape)
        flat = np.frombuffer(self.actions, self.action_dtype)
        return flat.reshape(shape) if flat.size == np.prod(shape) else None

    def _add_action(self, action: Any) -> None:
        """One whose type is not known to be that of the others."""
        if self.actions is None:
            self._begin(action)
        if self._unlike:
            return
        if self.action_dtype is None:
            self._unlike = not isinstance(action, _NUMBER)
            self._integers = self._integers and not isinstance(action, _FLOATS)
            self.actions.append(0.0 if self._unlike else action)
        else:
            self.actions += self.sent(action)

    def _begin(self, action: Any) -> None:
        self.kind = type(action)
        if isinstance(action, _NUMBER):
            self.actions, self._integers = array("d"), not isinstance(action, _FLOATS)
            return
        try:
            first = as_array(action)
            self.actions, self.action_dtype, self._action_shape = bytearray(), first.dtype, first.shape
            self._unlike = first.dtype.kind not in "biuf"
        except (TypeError, ValueError):
            self.actions, self._unlike = bytearray(), True
