"""Robust statistics of short series: trends, level shifts, plateaus, comparisons by rank, intervals of rates.

All of them ignore NaN, none assumes a distribution or a unit, and none allocates more than a few hundred squared.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional, Tuple

import numpy as np

Array = np.ndarray
_MOST = 400
"""Series longer than this are averaged into blocks first: the pairwise tests cost the square."""
_MAD_TO_SD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""


class Trend(NamedTuple):
    """A monotone trend test."""

    slope: float
    """Theil-Sen: the median slope over all pairs, per index of the series that was given."""
    tau: float
    """Kendall's tau-b with time, -1 to 1."""
    p: float
    """Two-sided p-value of no trend, ties corrected."""


class Shift(NamedTuple):
    """The likeliest single change of level."""

    at: int
    """First index of the new level."""
    p: float


class Comparison(NamedTuple):
    """Two samples compared by rank (Mann-Whitney)."""

    superiority: float
    """P(a > b) + P(a = b) / 2: 0.5 when neither tends to be larger. It has no unit and no scale."""
    p: float
    """Two-sided p-value that it is 0.5, ties corrected."""


class Interval(NamedTuple):
    """A rate or a level with its bounds."""

    estimate: float
    low: float
    high: float


def finite(values: object) -> Array:
    """[n] the finite numbers of `values`, in order."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def blocks(values: object, count: int) -> Array:
    """[<= count] means of consecutive, nearly equal blocks of the finite numbers: evens out noise and correlation."""
    array = finite(values)
    if len(array) <= count:
        return array
    edges = np.linspace(0, len(array), count + 1).astype(int)
    sums = np.add.reduceat(array, edges[:-1])
    return np.asarray(sums / np.diff(edges))


def spread(values: object) -> float:
    """Standard deviation by the median absolute deviation; the plain one where more than half the values are equal."""
    array = finite(values)
    if len(array) == 0:
        return math.nan
    robust = _MAD_TO_SD * float(np.median(np.abs(array - np.median(array))))
    return robust if robust > 0 else float(array.std())


def theil_sen(values: object) -> float:
    """Median slope over all pairs of points, per index. Sen 1968."""
    array = finite(values)
    if len(array) < 2:
        return math.nan
    thinned = blocks(array, _MOST)
    i, j = np.triu_indices(len(thinned), 1)
    return float(np.median((thinned[j] - thinned[i]) / (j - i))) * len(thinned) / len(array)


def trend(values: object) -> Trend:
    """Is the series rising or falling? Mann 1945, Kendall 1975; fewer than 4 points give p = 1."""
    array = finite(values)
    if len(array) < 4:
        return Trend(theil_sen(array), 0.0, 1.0)
    thinned = blocks(array, _MOST)
    n = len(thinned)
    i, j = np.triu_indices(n, 1)
    score = float(np.sign(thinned[j] - thinned[i]).sum())
    _, ties = np.unique(thinned, return_counts=True)
    pairs, tied = n * (n - 1) / 2, float((ties * (ties - 1) / 2).sum())
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0:
        return Trend(theil_sen(array), 0.0, 1.0)
    tau = score / math.sqrt(pairs * (pairs - tied)) if tied < pairs else 0.0
    z = (abs(score) - 1) / math.sqrt(variance) if score else 0.0
    return Trend(theil_sen(array), tau, _two_sided(z))


def change_point(values: object) -> Optional[Shift]:
    """The likeliest change of level (Pettitt 1979, approximate p); None with fewer than 8 points or one value only."""
    array = finite(values)
    n = len(array)
    if n < 8 or np.ptp(array) == 0:
        return None
    below = np.cumsum(2 * _ranks(array) - (n + 1))[:-1]
    at = int(np.argmax(np.abs(below)))
    p = 2 * math.exp(-6 * float(below[at]) ** 2 / (n**3 + n**2))
    return Shift(at + 1, min(1.0, p))


def plateau(values: object, *, share: float = 0.34, p: float = 0.05) -> bool:
    """Has the series stopped to move: no trend (at level `p`) over its last `share`?"""
    array = finite(values)
    tail = array[-max(6, int(len(array) * share)) :]
    return len(array) >= 6 and trend(blocks(tail, 12)).p > p


def compare(a: object, b: object) -> Comparison:
    """Does `a` tend to be larger than `b`? Empty samples give (0.5, 1)."""
    first, second = finite(a), finite(b)
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        return Comparison(0.5, 1.0)
    both = np.concatenate([first, second])
    wins = float(_ranks(both)[:n].sum()) - n * (n + 1) / 2
    _, ties = np.unique(both, return_counts=True)
    total = n + m
    correction = float((ties.astype(float) ** 3 - ties).sum()) / max(1, total * (total - 1))
    variance = n * m / 12 * (total + 1 - correction)
    if variance <= 0:
        return Comparison(0.5, 1.0)
    z = max(0.0, abs(wins - n * m / 2) - 0.5) / math.sqrt(variance)
    return Comparison(wins / (n * m), _two_sided(z))


def wilson(hits: int, tries: int, *, z: float = 1.96) -> Interval:
    """A rate with Wilson's score interval (1927); (NaN, 0, 1) without tries."""
    if tries <= 0:
        return Interval(math.nan, 0.0, 1.0)
    rate = hits / tries
    middle = (rate + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z / (1 + z * z / tries) * math.sqrt(rate * (1 - rate) / tries + z * z / (4 * tries * tries))
    return Interval(rate, max(0.0, middle - half), min(1.0, middle + half))


def median_interval(values: object, *, z: float = 1.96) -> Interval:
    """A median with its distribution-free interval from order statistics; all NaN without values."""
    array = np.sort(finite(values))
    n = len(array)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    half = z * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - half)), min(n - 1, math.ceil(n / 2 + half) - 1)
    return Interval(float(np.median(array)), float(array[low]), float(array[max(low, high)]))


def thirds(values: object) -> Tuple[Array, Array, Array]:
    """The finite numbers cut into three consecutive parts."""
    first, second, third = np.array_split(finite(values), 3)
    return first, second, third


def _ranks(values: Array) -> Array:
    """[n] ranks from 1, tied values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse.ravel()])


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
