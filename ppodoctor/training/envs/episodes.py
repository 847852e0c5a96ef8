"""Counting episodes: raw return, length and how each ended."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.api import Finished


class Episodes:
    """Running return and length of N environments."""

    def __init__(self, num_envs: int) -> None:
        self.num_envs = num_envs
        self.clear()

    def clear(self) -> None:
        """Forget the episodes under way, as after a reset of all."""
        self.returns = np.zeros(self.num_envs)
        self.lengths = np.zeros(self.num_envs, np.int64)
        self.since_end = 0
        """Steps since any episode ended."""

    def count(self, reward: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> None:
        """Add one step; rows that are not valid were a reset and add nothing to the length."""
        self.returns += reward
        self.lengths += 1 if valid is None else valid
        self.since_end += 1

    def finish(self, terminated: NDArray[np.bool_], truncated: NDArray[np.bool_]) -> tuple[Finished, ...]:
        """The episodes that ended with the step just counted; their counters start again."""
        rows = np.flatnonzero(terminated | truncated).tolist()
        finished = tuple(
            Finished(i, float(self.returns[i]), int(self.lengths[i]), bool(terminated[i]), bool(truncated[i]))
            for i in rows
        )
        self.returns[rows] = 0.0
        self.lengths[rows] = 0
        self.since_end = 0
        return finished

    def state(self) -> dict[str, Any]:
        return {"returns": self.returns.tolist(), "lengths": self.lengths.tolist(), "since_end": self.since_end}

    def restore(self, state: dict[str, Any]) -> None:
        self.returns = np.array(state["returns"])
        self.lengths = np.array(state["lengths"], np.int64)
        self.since_end = state["since_end"]
