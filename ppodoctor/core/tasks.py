"""The environments that the core steps by itself, and their spaces as a policy file describes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.core.fit import Spec

PI = 3.141592653589793
ANGLE = 2 * 12 * 2 * PI / 360
INF = float("inf")


class Box:
    """As much of gymnasium's Box as training reads, so that gymnasium need not be loaded: float32, one axis."""

    dtype = np.dtype(np.float32)

    def __init__(self, low: tuple[float, ...], high: tuple[float, ...]) -> None:
        self.low: NDArray[np.float32] = np.array(low, np.float32)
        self.high: NDArray[np.float32] = np.array(high, np.float32)
        self.shape = self.low.shape


class Discrete:
    """As much of gymnasium's Discrete: 0 to n - 1."""

    dtype, shape, start = np.dtype(np.int64), (), 0

    def __init__(self, n: int) -> None:
        self.n = n


@dataclass(frozen=True)
class Task:
    """One of gymnasium's classic-control environments. Equal to gymnasium's own, which tests/core holds it to."""

    id: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    """Bounds of the observation."""
    choices: int
    """Discrete actions, or 0 for one continuous action."""
    reach: float
    """Bound of the continuous action, both ways."""
    limit: int
    """Steps after which an episode is cut off."""

    @property
    def spec(self) -> Spec:
        """What a learner for it is made of."""
        if self.choices:
            return Spec(len(self.low), (self.choices,))
        return Spec(len(self.low), (), 1, (-self.reach,), (self.reach,))

    @cached_property
    def observation_space(self) -> Any:
        """Like gymnasium's."""
        return Box(self.low, self.high)

    @cached_property
    def action_space(self) -> Any:
        """Like gymnasium's."""
        return Discrete(self.choices) if self.choices else Box((-self.reach,), (self.reach,))

    def spaces(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """(observation, action) space as JSON-ready data, as a policy file holds them."""
        observation = _box(self.low, self.high)
        if self.choices:
            return observation, {"kind": "Discrete", "n": self.choices, "start": 0}
        return observation, _box((-self.reach,), (self.reach,))


def _box(low: tuple[float, ...], high: tuple[float, ...]) -> dict[str, Any]:
    return {"kind": "Box", "shape": [len(low)], "dtype": "float32", "low": _bounds(low), "high": _bounds(high)}


def _bounds(values: tuple[float, ...]) -> Any:
    """As float32 rounds them; JSON has no infinity, so it is a string; bounds that are all alike are one."""
    flat = [str(v) if abs(v) == INF else float(np.float32(v)) for v in values]
    return flat[0] if all(v == flat[0] for v in flat) else flat


def _mirrored(identity: str, high: tuple[float, ...], choices: int, reach: float, limit: int) -> Task:
    return Task(identity, tuple(-x for x in high), high, choices, reach, limit)


TASKS: dict[str, Task] = {
    task.id: task
    for task in (
        _mirrored("CartPole-v1", (4.8, INF, ANGLE, INF), 2, 0.0, 500),
        _mirrored("Acrobot-v1", (1.0, 1.0, 1.0, 1.0, 4 * PI, 9 * PI), 3, 0.0, 500),
        Task("MountainCar-v0", (-1.2, -0.07), (0.6, 0.07), 3, 0.0, 200),
        Task("MountainCarContinuous-v0", (-1.2, -0.07), (0.6, 0.07), 0, 1.0, 999),
        _mirrored("Pendulum-v1", (1.0, 1.0, 8.0), 0, 2.0, 200),
    )
}


def why_not_stepped(environment: Any, config: PPOConfig) -> str:
    """Why the core cannot step this environment itself, or nothing when it can; `misfit` is asked besides."""
    if not isinstance(environment, str) or environment not in TASKS:
        return f"the core steps {', '.join(TASKS)} itself and no other environment"
    reasons = {
        "backend is torch": config.backend == "torch",
        "frames are stacked": config.frame_stack > 1,
        "compile is on": config.compile,
        "novelty_coefficient changes rewards outside of the core": config.novelty_coefficient > 0,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
