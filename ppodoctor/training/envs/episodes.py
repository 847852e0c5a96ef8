"""Counting episodes: raw return, length and how each ended."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.api import Finished


class Episodes:
    """Running return and length of N environments; lengths come from one clock, so that a step costs one addition.

    `late` is 1 where the step after an end is a reset, which belongs to no episode, and 0 where resets cost no step.
    """

    def __init__(self, num_envs: int, late: int = 0) -> None:
        self.num_envs, self.late = num_envs, late
        self.clear()

    def clear(self) -> None:
        """Forget the episodes under way, as after a reset of all."""
        self.returns = np.zeros(self.num_envs)
        self.clock = self.last_end = 0
        self.begun = [0] * self.num_envs
        """The clock before the first step of each running episode."""

    def count(self, reward: NDArray[Any]) -> None:
        """Add one step, rewards [N]; a reset's is 0."""
        self.returns += reward
        self.clock += 1

    @property
    def since_end(self) -> int:
        """Steps since any episode ended."""
        return self.clock - self.last_end

    def finish(self, terminated: NDArray[np.bool_], truncated: NDArray[np.bool_]) -> tuple[Finished, ...]:
        """The episodes that ended with the step just counted; their counters start again."""
        finished = []
        for i in np.flatnonzero(terminated | truncated).tolist():
            length = self.clock - self.begun[i]
            finished.append(Finished(i, float(self.returns[i]), length, bool(terminated[i]), bool(truncated[i])))
            self.returns[i] = 0.0
            self.begun[i] = self.clock + self.late
        self.last_end = self.clock
        return tuple(finished)

    def state(self) -> dict[str, Any]:
        return {
            "returns": self.returns.tolist(),
            "clock": self.clock,
            "last_end": self.last_end,
            "begun": [*self.begun],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.returns = np.array(state["returns"])
        self.clock, self.last_end, self.begun = state["clock"], state["last_end"], [*state["begun"]]
