"""Functional analysis of variance (Hutter et al. 2014): shares of a score's variance over a whole space, by a forest.

A random forest learns the score from the settings; of a tree, whose leaves are boxes, the mean over all other settings
is a sum over leaves, so the variance of each such mean is exact. Numpy only.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TREES = 24
LEAF = 3
"""Settings in a leaf at the least."""
MOST = 300
"""Settings that a forest is grown from."""
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """Of the variance over the whole space, 0 to 1, means over the trees."""

    single: tuple[float, ...]
    """Explained by each axis alone."""
    pairs: dict[tuple[int, int], float]
    """Explained by two together, beyond what each explains alone."""


@dataclass(frozen=True)
class _Tree:
    low: F64
    """[leaves, axes], as `high` the sides of each leaf's box."""
    high: F64
    value: F64
    """[leaves]"""


def shares_of(places: F64, scores: F64, *, pairs: bool = True, seed: int = 0) -> Shares:
    """How much of the scores' variance each axis explains, and each two of them together.

    Args:
        places: [settings, axes] where each was, 0 to 1.
        scores: [settings].
        pairs: With those of two axes, which take longer.
        seed: Of the forest.
    """
    axes, rng = places.shape[1], np.random.default_rng(seed)
    if len(scores) > MOST:
        kept = rng.choice(len(scores), MOST, replace=False)
        places, scores = places[kept], scores[kept]
    single = np.zeros(axes)
    both = dict.fromkeys(itertools.combinations(range(axes), 2) if pairs else (), 0.0)
    trees = [_grown(places[drawn], scores[drawn]) for drawn in rng.integers(len(scores), size=(TREES, len(scores)))]
    for tree in trees:
        total = _variance(tree)
        if total <= 0:
            continue
        alone = [_marginal(tree, (i,)) / total for i in range(axes)]
        single += alone
        for i, j in both:
            both[i, j] += max(_marginal(tree, (i, j)) / total - alone[i] - alone[j], 0.0)
    return Shares(tuple((single / TREES).tolist()), {pair: share / TREES for pair, share in both.items()})


def _grown(x: F64, y: F64) -> _Tree:
    axes = x.shape[1]
    boxes = list(_leaves(x, y, np.zeros(axes), np.ones(axes)))
    low, high, value = zip(*boxes, strict=True)
    return _Tree(np.array(low), np.array(high), np.array(value))


def _leaves(x: F64, y: F64, low: F64, high: F64) -> Iterator[tuple[F64, F64, float]]:
    found = _best_cut(x, y) if len(y) >= 2 * LEAF and np.ptp(y) > 0 else None
    if found is None:
        yield low, high, float(y.mean())
        return
    axis, at = found
    left = x[:, axis] <= at
    for side, bound in ((left, high), (~left, low)):
        changed = bound.copy()
        changed[axis] = at
        ends = (low, changed) if bound is high else (changed, high)
        yield from _leaves(x[side], y[side], *ends)


def _best_cut(x: F64, y: F64) -> tuple[int, float] | None:
    """The axis and the place that leave the least squared error."""
    best, found = -np.inf, None
    n = len(y)
    counts = np.arange(1, n)
    for axis in range(x.shape[1]):
        order = np.argsort(x[:, axis], kind="stable")
        ordered, sums = x[order, axis], np.cumsum(y[order])
        gain = sums[:-1] ** 2 / counts + (sums[-1] - sums[:-1]) ** 2 / (n - counts)
        gain[(ordered[1:] == ordered[:-1]) | (counts < LEAF) | (n - counts < LEAF)] = -np.inf
        at = int(np.argmax(gain))
        if gain[at] > best:
            best, found = float(gain[at]), (axis, float((ordered[at] + ordered[at + 1]) / 2))
    return found


def _variance(tree: _Tree) -> float:
    volume = (tree.high - tree.low).prod(1)
    return float((volume * tree.value**2).sum() - (volume * tree.value).sum() ** 2)


def _marginal(tree: _Tree, axes: tuple[int, ...]) -> float:
    """Variance of the mean over all axes but these."""
    sides = tree.high - tree.low
    rest = np.delete(sides, axes, 1).prod(1) * tree.value
    covers, widths = zip(*(_segments(tree, axis) for axis in axes), strict=True)
    if len(axes) == 1:
        means, width = covers[0] @ rest, widths[0]
    else:
        means, width = np.einsum("kl,ql,l->kq", covers[0], covers[1], rest), np.outer(*widths)
    mean = float((sides.prod(1) * tree.value).sum())
    return max(float((width * means**2).sum()) - mean**2, 0.0)


def _segments(tree: _Tree, axis: int) -> tuple[F64, F64]:
    """The parts into which the leaves cut an axis: [parts, leaves] which leaves hold each, and their widths."""
    edges = np.unique(np.concatenate([tree.low[:, axis], tree.high[:, axis]]))
    middle = (edges[1:] + edges[:-1]) / 2
    holds = (tree.low[:, axis] <= middle[:, None]) & (middle[:, None] <= tree.high[:, axis])
    return holds.astype(np.float64), np.diff(edges)
