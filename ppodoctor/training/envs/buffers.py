"""Some vector environments write every step into the same arrays; what was handed out must not change afterwards."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ppodoctor.training.envs.rows import leaves

WATCHED = 4
"""Steps whose arrays are compared, and copied meanwhile: enough to see one, two or three buffers in turn."""


class Buffers:
    """Finds out whether results come in arrays that are written again, and copies them if so."""

    def __init__(self) -> None:
        self.reused: bool | None = None
        """None while it is not known."""
        self._seen: list[Any] = []
        self._steps = 0

    def own(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        """The results, in arrays that the environment does not write again."""
        if self.reused is False:
            return results
        if self.reused is None:
            self._compare(results)
        return copy.deepcopy(results)

    def _compare(self, results: tuple[Any, ...]) -> None:
        """Hold the arrays of the first steps, so that memory freed and given out again is not taken for reuse."""
        arrays = leaves(results)
        if any(np.may_share_memory(new, old) for old in self._seen for new in arrays):
            self.reused = True
        self._seen += arrays
        self._steps += 1
        if self.reused is None and self._steps > WATCHED:
            self.reused = False
        if self.reused is not None:
            self._seen.clear()
