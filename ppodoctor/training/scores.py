"""What a handful of scores can carry: mean and interquartile mean, each with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
RESAMPLES = 5000


@dataclass(frozen=True)
class Estimate:
    """A number and the interval that covers it in 95 of 100 repetitions, as far as these samples tell."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """JSON-ready."""
        return {"value": self.value, "low": self.low, "high": self.high}


def iqm(scores: Any) -> float:
    """Mean of the middle half: a quarter (rounded down) is left away at each end (Agarwal et al. 2021, section 4.3).

    Args:
        scores: Any shape; runs and tasks are pooled.
    """
    ordered = np.sort(np.ravel(np.asarray(scores, np.float64)))
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def interval(scores: Any, statistic: Callable[[F64], float], *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """A statistic with its 95% percentile interval by the stratified bootstrap (Agarwal et al. 2021, section 4.1).

    Args:
        scores: [runs] or [runs, tasks]; runs are drawn with replacement within each task.
        statistic: Of an array [runs, tasks].
        resamples: Draws.
        seed: Of the draws, so that the same scores give the same interval.
    """
    table = np.asarray(scores, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    runs, tasks = table.shape
    rng, columns = np.random.default_rng(seed), np.arange(tasks)
    drawn = [statistic(table[rng.integers(runs, size=(runs, tasks)), columns]) for _ in range(resamples)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(statistic(table), float(low), float(high))


def mean(scores: Any) -> float:
    """Of all scores."""
    return float(np.mean(scores))
