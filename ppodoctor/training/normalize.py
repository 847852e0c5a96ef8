"""Running mean and variance of observations, running scale of rewards: saved with the policy, frozen to judge it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 10.0
"""Normalised numbers are cut off here, so that one outlier does not decide an update."""


class RunningMoments:
    """Mean and variance [D] of all rows seen, by the parallel formula of Chan et al. (1979), in float64."""

    def __init__(self, size: int) -> None:
        self.mean = np.zeros(size)
        self.var = np.ones(size)
        self.count = 1e-4
        """Rows seen; the start is a whisper of mean 0 and variance 1."""

    def update(self, rows: NDArray[Any]) -> None:
        """Take in rows [B, D]."""
        count = len(rows)
        mean = rows.mean(axis=0, dtype=np.float64)
        away = rows - mean
        total = self.count + count
        shift = mean - self.mean
        squares = self.var * self.count + (away * away).sum(axis=0) + shift * shift * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.var = squares / total
        self.count = total

    def state(self) -> dict[str, Any]:
        """Everything, to go on from later."""
        return {"mean": self.mean.copy(), "var": self.var.copy(), "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.mean, self.var = np.array(state["mean"], np.float64), np.array(state["var"], np.float64)
        self.count = float(state["count"])


class ObservationScale:
    """Observations [N, D] to mean 0 and variance 1 by the running moments, cut at +-10."""

    def __init__(self, size: int) -> None:
        self.moments = RunningMoments(size)
        self._fresh()

    def learn(self, rows: NDArray[np.float32]) -> None:
        """Take in observations [N, D] as the environment gave them."""
        self.moments.update(rows)
        self._fresh()

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (rows - self._mean) * self._inverse
        return np.clip(scaled, -LIMIT, LIMIT, out=scaled)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what the moments' `state` gave."""
        self.moments.restore(state)
        self._fresh()

    def _fresh(self) -> None:
        self._mean = self.moments.mean.astype(np.float32)
        self._inverse = (1.0 / np.sqrt(self.moments.var + 1e-8)).astype(np.float32)


class RewardScale:
    """Rewards over the running deviation of the discounted return, never shifted, cut at +-10."""

    def __init__(self, num_envs: int, gamma: float) -> None:
        self.moments = RunningMoments(1)
        self.gamma = gamma
        self.total = np.zeros(num_envs)
        """[N] discounted return so far of each running episode."""

    def __call__(self, reward: NDArray[np.float32], ended: NDArray[np.bool_]) -> NDArray[np.float32]:
        """[N] scaled rewards of one step; `ended` [N] closes the returns."""
        self.total = self.total * self.gamma + reward
        self.moments.update(self.total[:, None])
        scaled: NDArray[np.float32] = (reward / np.sqrt(self.moments.var[0] + 1e-8)).astype(np.float32)
        self.total[ended] = 0.0
        return np.clip(scaled, -LIMIT, LIMIT, out=scaled)

    def state(self) -> dict[str, Any]:
        """Everything, to go on from later."""
        return {**self.moments.state(), "total": self.total.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.moments.restore(state)
        self.total = np.array(state["total"], np.float64)
