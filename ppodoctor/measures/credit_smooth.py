"""Advantages that are moving averages of advantages: the kernel is fitted, whatever its width and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.credit import Fit, fit_advantages, fit_targets
from ppodoctor.measures.credit_fit import ENOUGH, predictions
from ppodoctor.measures.credit_model import Model, Observed
from ppodoctor.measures.credit_regress import least_squares, lines, without_groups
from ppodoctor.measures.credit_search import observe
from ppodoctor.run import Run

Array = Any

REACH = 16
"""Rows to either side that a kernel may take in."""


@dataclass(frozen=True)
class Smoothing:
    """used[t] = sum over k of weight[k] * advantage[t + lag[k]], then normalised as usual."""

    lags: Tuple[int, ...]
    weights: Tuple[float, ...]
    """Sum to 1."""
    share: float
    """Share of the samples that the kernel meets to rounding."""
    rows: int
    along: str
    """time, or steps of all environments one after another."""


@lru_cache(maxsize=8)
def smoothing_of(run: Run) -> Optional[Smoothing]:
    """The kernel, when the targets tell the advantages and the surrogate uses an average of them."""
    targets, advantages = fit_targets(run), fit_advantages(run)
    if not targets or not targets[0].exact or (advantages and advantages[0].exact):
        return None
    return smoothing(targets[0])


def smoothing(targets: Fit) -> Optional[Smoothing]:
    """The same, given the fit of the targets."""
    steps = targets.steps
    seen = observe(steps, steps.advantage)
    raw = _raw_advantages(targets)
    if seen is None or raw is None:
        return None
    owners = [column[:2] for column in steps.columns]
    together = [np.array([i for i, o in enumerate(owners) if o == owner]) for owner in dict.fromkeys(owners)]
    orders = [("time", [np.array([i]) for i in range(raw.shape[1])])]
    if len(together) < raw.shape[1]:
        orders.append(("steps of all environments one after another", together))
    for along, blocks in orders:
        found = _kernel(_shifted(raw, blocks), seen, along)
        if found is not None:
            return found
    return None


def _raw_advantages(targets: Fit) -> Optional[Array]:
    """[T, E] advantages as the recursion behind the targets gives them, NaN where unknown."""
    best, steps = targets.outcome.best, targets.steps
    cell = np.flatnonzero((steps.valid & np.isfinite(steps.value)).ravel())
    inside = np.isin(cell, best.scheme.grid.cell)
    cell = cell[inside]
    if not len(cell) or best.model.form != "return":
        return None
    numbers = np.unique(steps.update_of_column, return_inverse=True)[1]
    update = np.broadcast_to(numbers, steps.valid.shape).ravel()[cell]
    value = steps.value.ravel()[cell]
    none = np.zeros(len(cell), np.int64)
    every = Observed(cell, none.astype(bool), none.astype(np.float64), none, update, value)
    candidate = next(one for one in targets.outcome.candidates if one[1] == best.variant and one[0] is best.scheme)
    plain = replace(best, model=replace(best.model, form="advantage"))
    raw = np.full(steps.valid.size, np.nan)
    raw[cell] = predictions(plain, [candidate], every)[0]
    return raw.reshape(steps.valid.shape)


def _shifted(raw: Array, blocks: List[Array]) -> List[Array]:
    """The table shifted by -REACH .. REACH rows, flattened like the table; each block of columns row after row."""
    shifted = [np.full(raw.shape, np.nan) for _ in range(2 * REACH + 1)]
    for block in blocks:
        flat = raw[:, block].ravel()
        pad = np.full(REACH, np.nan)
        long = np.concatenate([pad, flat, pad])
        for k, table in enumerate(shifted):
            table[:, block] = long[k : k + len(flat)].reshape(len(raw), len(block))
    return [table.ravel() for table in shifted]


def _kernel(columns: List[Array], seen: Observed, along: str) -> Optional[Smoothing]:
    table = np.stack([column[seen.cell] for column in columns], axis=1)
    known = np.isfinite(table).all(axis=1)
    if known.sum() < 4 * table.shape[1]:
        return None
    part = replace(seen, **{name: getattr(seen, name)[known] for name in vars(seen)})
    left, right = table[known][:, REACH], np.delete(table[known], REACH, axis=1)
    model = Model("advantage", affine=True)
    inner = without_groups(left, right, part, np.ones(len(left), bool), model)
    taps, _ = least_squares(*inner)
    explained = right @ taps
    scale, shift = lines(part.y, left - explained, part.group, int(part.group.max()) + 1)
    rest = left - explained - scale[part.group] * part.y - shift[part.group]
    share = float((np.abs(rest) < 1e-3 * left.std()).mean())
    weights = np.insert(-taps, REACH, 1.0)
    lags = np.flatnonzero(np.abs(weights) > 1e-3)
    if share < ENOUGH or len(lags) < 2 or not np.median(scale) > 0:
        return None
    weights = weights[lags] / weights[lags].sum()
    return Smoothing(tuple((lags - REACH).tolist()), tuple(weights.tolist()), share, int(known.sum()), along)
