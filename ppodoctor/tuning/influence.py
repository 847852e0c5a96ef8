"""Which settings matter here: shares of variance, response curves, and the range that is safe. Numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.scores import interval, mean
from ppodoctor.tuning.fanova import shares_of
from ppodoctor.tuning.space import Axis, Space

RESAMPLES = 400
FEWEST = 6
"""Settings from which on something is said about what matters."""
BINS = 5
"""Parts of a range that are compared, where the values are not few anyway."""
NEAR = 0.1
"""A part of an axis is safe when its mean is this share of the scores' spread or less below the best part's."""
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """One value of an axis, or one part of it."""

    low: Any
    high: Any
    """As `low` for a single value."""
    mean: float
    mean_low: float
    mean_high: float
    """95% bootstrap interval of the mean; NaN for a single trial."""
    count: int
    best: float


@dataclass(frozen=True)
class Influence:
    """What one setting does to the score."""

    name: str
    share: float
    """Of the scores' variance that its levels explain, 0 to 1, chance taken off (epsilon squared, Kelley 1935): the
    first-order term of a functional analysis of variance (Hutter et al. 2014)."""
    rank_share: float
    """The same of the ranks: blind to how far the few worst or best are away."""
    fanova: float
    """Of the variance over the whole space, as a forest sees it (`ppodoctor.tuning.fanova`): chance is not taken off,
    and a search that looked mostly where it was good is corrected for."""
    levels: tuple[Level, ...]
    safe: tuple[int, int]
    """First and last level of the range around the best one within which little is lost."""


@dataclass(frozen=True)
class Interaction:
    """What two settings do together beyond what each does alone."""

    first: str
    second: str
    share: float


def influences(space: Space, settings: Sequence[dict[str, Any]], scores: Sequence[float]) -> list[Influence]:
    """The axes, the one that matters most first.

    Args:
        space: Where was searched.
        settings: What was tried.
        scores: What each came to; higher is better.
    """
    y = np.asarray(scores, np.float64)
    if len(y) < FEWEST:
        return []
    ranks = _ranks(y)
    whole = shares_of(_places(space, settings), y, pairs=False).single
    found = []
    for axis, fanova in zip(space, whole, strict=True):
        of, edges = _levels(axis, [one[axis.name] for one in settings])
        levels = tuple(_level(edges[i], y[of == i]) for i in range(len(edges)))
        found.append(Influence(axis.name, _explained(of, y), _explained(of, ranks), fanova, levels, _safe(levels, y)))
    return sorted(found, key=lambda one: -one.share)


def interactions(space: Space, settings: Sequence[dict[str, Any]], scores: Sequence[float]) -> list[Interaction]:
    """Pairs of axes, the strongest first: variance explained by both together, beyond what each explains alone.

    What a forest finds in the same scores dealt out by chance is taken off.
    """
    places, y = _places(space, settings), np.asarray(scores, np.float64)
    pairs, chance = (shares_of(places, one).pairs for one in (y, np.random.default_rng(0).permutation(y)))
    found = [Interaction(space[i].name, space[j].name, max(pairs[i, j] - chance[i, j], 0.0)) for i, j in pairs]
    return sorted(found, key=lambda one: -one.share)


def _places(space: Space, settings: Sequence[dict[str, Any]]) -> F64:
    return np.array([[axis.place(one[axis.name]) for axis in space] for one in settings], np.float64)


@dataclass(frozen=True)
class Heat:
    """Mean score at each pair of levels of two axes."""

    across: str
    down: str
    columns: tuple[tuple[Any, Any], ...]
    """Ends of the levels of `across`."""
    rows: tuple[tuple[Any, Any], ...]
    cells: tuple[tuple[float | None, ...], ...]
    """One tuple for each row; None where nothing was tried."""


def heat_of(across: Axis, down: Axis, settings: Sequence[dict[str, Any]], scores: Sequence[float]) -> Heat:
    """The picture of two axes, whatever else was varied beside them."""
    y = np.asarray(scores, np.float64)
    one, columns = _levels(across, [s[across.name] for s in settings])
    two, rows = _levels(down, [s[down.name] for s in settings])
    cells = tuple(
        tuple(float(y[mask].mean()) if (mask := (two == j) & (one == i)).any() else None for i in range(len(columns)))
        for j in range(len(rows))
    )
    return Heat(across.name, down.name, tuple(columns), tuple(rows), cells)


def _levels(axis: Axis, values: Sequence[Any], bins: int = BINS) -> tuple[NDArray[np.int64], list[tuple[Any, Any]]]:
    """The level of each value, from 0, and the ends of the levels."""
    different = sorted(set(values), key=axis.place)
    if axis.choices or len(different) <= max(bins, 8) < len(values):
        index = {value: i for i, value in enumerate(different)}
        return np.array([index[value] for value in values]), [(value, value) for value in different]
    places = np.array([axis.place(value) for value in values])
    parts = np.minimum((places * bins).astype(np.int64), bins - 1)
    kept, of = np.unique(parts, return_inverse=True)
    return of, [(axis.value(i / bins), axis.value((i + 1) / bins)) for i in kept.tolist()]


def _level(ends: tuple[Any, Any], scores: F64) -> Level:
    known = interval(scores, mean, resamples=RESAMPLES) if len(scores) > 1 else None
    low, high = (known.low, known.high) if known is not None else (math.nan, math.nan)
    return Level(*ends, float(scores.mean()), low, high, len(scores), float(scores.max()))


def _explained(of: NDArray[np.int64], y: F64) -> float:
    """Epsilon squared of a one-way analysis of variance: explained variance without what chance explains."""
    groups, n = int(of.max()) + 1, len(y)
    total = float(((y - y.mean()) ** 2).sum())
    if total == 0 or n <= groups or groups < 2:
        return 0.0
    within = sum(float(((y[of == i] - y[of == i].mean()) ** 2).sum()) for i in range(groups))
    return max(0.0, (total - within - (groups - 1) * within / (n - groups)) / total)


def _ranks(y: F64) -> F64:
    """Ranks from 0, equal scores sharing theirs."""
    _, index, counts = np.unique(y, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2 - 1)[index], np.float64)


def _safe(levels: Sequence[Level], y: F64) -> tuple[int, int]:
    best = max(range(len(levels)), key=lambda i: levels[i].mean)
    enough = levels[best].mean - NEAR * float(y.max() - y.min())
    first = last = best
    while first > 0 and levels[first - 1].mean >= enough:
        first -= 1
    while last < len(levels) - 1 and levels[last + 1].mean >= enough:
        last += 1
    return first, last
