"""What was done to advantages between their computation and the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Tuple

import numpy as np

from ppodoctor.measures.credit_fit import Outcome
from ppodoctor.measures.credit_table import Consumed

Array = Any


@dataclass(frozen=True)
class Normalisation:
    """raw = scale * used + shift, per group of rows."""

    kind: str
    """none, minibatch, batch, centred, scaled or other."""
    words: str
    eps: float = 0.0
    """What was added to the standard deviation, when `kind` is minibatch or batch and it can be told."""


def normalisation_of(outcome: Outcome, quantity: Consumed) -> Normalisation:
    """Read the fitted scales and shifts."""
    best, seen = outcome.best, outcome.seen
    if not best.model.affine:
        return Normalisation("none", "not normalised")
    groups = np.unique(seen.group)
    scale, shift = best.scale[groups], best.shift[groups]
    spread = max(float(np.nanstd(best.raw)), 1e-12)
    plain, centred = bool((np.abs(scale - 1) < 1e-3).all()), bool((np.abs(shift) < 2e-3 * spread).all())
    if plain and centred:
        return Normalisation("none", "not normalised")
    mean, std, count = _moments(outcome, quantity, groups)
    if plain and bool((np.abs(mean) < 1e-3 * spread).all()):
        return Normalisation("centred", "the mean of each minibatch is subtracted")
    unit = _is_unit(std, count)
    if unit and bool((np.abs(mean) < 1e-3).all()):
        return _whole(scale, shift, outcome, groups)
    if _same(scale, seen, groups) and _same(shift, seen, groups):
        if centred:
            return Normalisation("scaled", f"multiplied with {1 / float(np.mean(scale)):.4g}")
        return Normalisation("batch", "mean and standard deviation over the whole batch")
    return Normalisation("other", "scaled and shifted per minibatch, not to mean 0 and standard deviation 1")


def _whole(scale: Array, shift: Array, outcome: Outcome, groups: Array) -> Normalisation:
    update_of = [outcome.seen.update[outcome.seen.group == group][0] for group in groups]
    alone = len(set(update_of)) == len(groups)
    where = "batch" if alone else "minibatch"
    words = (
        f"mean and standard deviation of each {where}" if not alone else "mean and standard deviation over the batch"
    )
    return Normalisation(where, words)


def _moments(outcome: Outcome, quantity: Consumed, groups: Array) -> Tuple[Array, Array, Array]:
    """Mean, standard deviation and size per group of the fit: of whole minibatches, unless it groups by update."""
    seen = outcome.seen
    if np.array_equal(seen.group, quantity.group.ravel()[seen.cell]):
        mean, std, count = quantity.moments[groups].T
        return mean, std, count
    parts = [seen.y[seen.group == one] for one in groups]
    return np.array([p.mean() for p in parts]), np.array([p.std() for p in parts]), np.array([p.size for p in parts])


def _is_unit(std: Array, count: Array) -> bool:
    """A standard deviation of 1, with either divisor."""
    biased, unbiased = np.abs(std - 1), np.abs(std * np.sqrt(count / np.maximum(count - 1, 1)) - 1)
    return bool((np.minimum(biased, unbiased) < 2e-3).all())


def _same(number: Array, seen: Any, groups: Array) -> bool:
    """One number for all groups of an update."""
    update = np.array([seen.update[seen.group == group][0] for group in groups])
    size = max(float(np.abs(number).max()), 1e-12)
    return all(np.ptp(number[update == one]) < 1e-3 * size for one in np.unique(update))
