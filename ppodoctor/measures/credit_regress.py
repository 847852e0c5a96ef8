"""Least squares for the fits: robust to coinciding columns, with scales and shifts per group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np

from ppodoctor.measures.credit_model import Model, Observed
from ppodoctor.measures.credit_table import Consumed, Steps

Array = Any


def least_squares(left: Array, right: Array) -> Tuple[Array, Array]:
    """Coefficients (of least norm where columns coincide) and the unscaled covariance."""
    if not right.shape[1]:
        return np.zeros(0), np.zeros((0, 0))
    norms = np.sqrt((right**2).sum(0))
    size = max(float(norms.max()), float(np.sqrt((left**2).sum())), 1e-150)
    there = norms > 1e-9 * size  # a column that the groups' shifts have swallowed is only rounding
    norms = np.where(there, norms, 1.0)
    u, s, vt = np.linalg.svd(np.where(there, right, 0.0) / norms, full_matrices=False)
    good = s > 1e-9 * max(float(s[0]), 1e-300)
    inverse = np.where(good, 1.0 / np.where(good, s, 1.0), 0.0)
    coefficients = (vt.T @ (inverse * (u.T @ left))) / norms
    covariance = (vt.T * inverse**2) @ vt / np.outer(norms, norms)
    if not good.all():  # what is not determined is infinitely uncertain
        lost = (vt[~good] ** 2).sum(0) > 1e-6
        covariance[lost, lost] = np.inf
    return coefficients, covariance


def lines(x: Array, y: Array, group: Array, total: int) -> Tuple[Array, Array]:
    """Slope and intercept of y on x in each group; 1 and 0 for groups without rows."""
    count = np.maximum(np.bincount(group, minlength=total), 1)
    mean_x, mean_y = (np.bincount(group, column, minlength=total) / count for column in (x, y))
    x, y = x - mean_x[group], y - mean_y[group]
    power = np.bincount(group, x * x, minlength=total)
    slope = np.where(power > 0, np.bincount(group, x * y, minlength=total) / np.maximum(power, 1e-300), 1.0)
    return slope, mean_y - slope * mean_x


def without_groups(left: Array, right: Array, seen: Observed, known: Array, model: Model) -> Tuple[Array, Array]:
    """Both sides with scale and shift of each group taken out (Frisch-Waugh-Lovell), where the model has them."""
    if not model.affine:
        return left, right
    order = np.argsort(seen.group[known], kind="stable")
    groups = seen.group[known][order]
    begins = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    counts = np.diff(np.concatenate([begins, [len(groups)]]))
    block = np.column_stack([seen.y[known], left, right])[order]
    block -= np.repeat(np.add.reduceat(block, begins, axis=0) / counts[:, None], counts, axis=0)
    y = block[:, :1]
    power = np.maximum(np.add.reduceat(y * y, begins, axis=0), 1e-300)
    slope = np.add.reduceat(block * y, begins, axis=0) / power
    block -= np.repeat(slope, counts, axis=0) * y
    return block[:, 1], block[:, 2:]


def spread_within(raw: Array, group: Array) -> float:
    """Standard deviation of a typical group: what differs from group to group may be the fit's own shift."""
    known = np.isfinite(raw)
    count = np.bincount(group[known])
    mean = np.bincount(group[known], raw[known]) / np.maximum(count, 1)
    power = np.bincount(group[known], (raw[known] - mean[group[known]]) ** 2) / np.maximum(count, 1)
    usual = power[count >= 4]
    return float(np.sqrt(np.median(usual))) if len(usual) else 0.0


def size_part(value: Array) -> float:
    """What float32 arithmetic leaves of numbers of this size when they cancel."""
    size = float(np.nanmax(np.abs(value))) if np.isfinite(value).any() else 0.0
    return 2e-6 * size + 1e-9


ROUNDS = 20


@dataclass(frozen=True)
class LocalFit:
    """What rows say of their recursion beside the row below, wherever an episode goes on."""

    rho: float
    """gamma * lambda: what the row below is multiplied with."""
    apart: float
    """Median residual in standard deviations of the quantity."""


def local_fit(steps: Steps, quantity: Consumed, *, any_reward: bool = False) -> Optional[LocalFit]:
    """Regresses y[t] = a r[t] + b V[t] + c V[t + 1] + rho y[t + 1] + d; None where too few rows were seen.

    With `any_reward` r may be that of the row before or after, and be scaled and shifted anew in every update.
    """
    y = quantity.value
    below = np.concatenate([y[1:], np.full_like(y[:1], np.nan)])
    reward = [steps.reward]
    if any_reward:
        reward += [np.roll(steps.reward, 1, axis=0), np.roll(steps.reward, -1, axis=0)]
    columns = [*reward, steps.value, steps.after, below]
    use = np.isfinite(y) & ~steps.end & ~steps.tail
    use[0] &= not any_reward
    for column in columns:
        use &= np.isfinite(column)
    if use.sum() < 24:
        return None
    use = _some(use)
    right = np.column_stack([*(column[use] for column in columns), np.ones(int(use.sum()))])
    if any_reward:
        update = np.broadcast_to(steps.update_of_column, y.shape)[use]
        later = [update == one for one in np.unique(update)[1:]]
        right = np.column_stack([right, *(own * column for own in later for column in (*right.T[: len(reward)], 1.0))])
    return _least_absolute(right, y[use], len(columns) - 1)


def _some(use: Array, most: int = 1500) -> Array:
    """At most so many of the rows, spread evenly."""
    rows = np.flatnonzero(use)
    if len(rows) <= most:
        return use
    kept = np.zeros(use.size, bool)
    kept[rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]] = True
    return kept.reshape(use.shape)


def _least_absolute(right: Array, left: Array, at: int) -> LocalFit:
    norms = np.maximum(np.sqrt((right**2).sum(0)), 1e-300)
    scaled, weight = right / norms, np.ones(len(right))
    for _ in range(ROUNDS):  # of least absolute residuals: what a shifted flag does beside an end bends nothing
        weighted = weight[:, None] * scaled
        found = np.linalg.lstsq(scaled.T @ weighted, weighted.T @ left, rcond=1e-14)[0]
        rest = np.abs(scaled @ found - left)
        weight = 1.0 / np.maximum(rest, 1e-9 * max(float(rest.max()), 1e-300))
        weight /= weight.max()
    return LocalFit(float(found[at] / norms[at]), float(np.median(rest)) / max(float(np.std(left)), 1e-12))
