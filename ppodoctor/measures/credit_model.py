"""Models of advantages and targets, their fitted solutions, and the sums backwards in time they are built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.credit_variants import Scheme, Variant

Array = Any

_PAID = ("reward", "one", "bonus", "value")
LEAK = 1e-6
"""An unknown value whose weight in a sum is below this does no harm."""


@dataclass(frozen=True)
class Model:
    """What is regressed."""

    form: str
    """advantage: S - V; return: the same plus V; mc_return: discounted rewards alone; mc_advantage: those minus V."""
    affine: bool = False
    """The observed numbers are known up to a scale and a shift per group."""
    constant: bool = False
    """One constant may have been added to every reward."""
    shift: bool = False
    """Rewards are scaled and shifted anew in every update (standardised or centred batch by batch)."""

    @property
    def by_value(self) -> bool:
        """Values enter the recursion."""
        return not self.form.startswith("mc")

    @property
    def fixed_reward(self) -> bool:
        """Only the rewards set the scale of a return, so that theirs is taken as 1 where it is unknown."""
        return self.affine and self.form in ("return", "mc_return")


@dataclass(frozen=True)
class Observed:
    """The numbers to be explained: [M] each."""

    cell: Array
    """Index in the flattened table."""
    end: Array
    """bool: the episode ended or was cut there."""
    y: Array
    group: Array
    update: Array
    value: Array
    """V of the row."""


@dataclass(frozen=True)
class Sums:
    """Pieces of a recursion summed backwards, at the observed rows: [M] each."""

    reward: Array
    one: Array
    bonus: Array
    boot: Array
    """Of the values that are bootstrapped from."""
    value: Array
    known: Array
    """bool: no unknown value enters."""


@dataclass(frozen=True)
class Solution:
    """A variant with its fitted numbers."""

    model: Model
    scheme: Scheme
    variant: Variant
    rho: float
    gamma: float
    reward_scale: Array
    reward_shift: Array
    """reward used = scale * reward + shift: one of each, or with a shifting model one per update, in order."""
    bonus: float
    """The constant in the rewards of the grid's `bonus` rows; 0 where there are none."""
    scale: Array
    """[groups] raw = scale * observed + shift."""
    shift: Array
    end: Array
    """[M] bool, as observed."""
    residual: Array
    """[M] in units of the raw quantity, NaN where the variant needs an unknown value."""
    raw: Array
    """[M] the quantity as the variant gives it, before normalisation."""
    tolerance: float
    size_part: float
    """The part of the tolerance that comes from the size of the values, not from the spread of the quantity."""
    spread: float
    """Standard deviation of the raw quantity within a typical group."""
    gamma_error: float = np.nan
    """Standard error of gamma."""
    carries: bool = True
    """Does any row depend on gamma * lambda? In rollouts of one step none does."""

    def paid(self, sums: Sums, seen: Observed) -> Array:
        """[M] what the sums of rewards, of ones and of bonuses contribute."""
        at = np.minimum(seen.update, len(self.reward_scale) - 1)
        return self.reward_scale[at] * sums.reward + self.reward_shift[at] * sums.one + self.bonus * sums.bonus

    @property
    def empty(self) -> bool:
        """The fit explains nothing: it makes the quantity vanish, or turns the sign of a return."""
        known = np.isfinite(self.raw)
        if not known.any():
            return True
        met = known & (np.abs(np.nan_to_num(self.residual, nan=np.inf)) <= self.tolerance)
        flat = self.spread < 50 * self.size_part or (bool(met.any()) and float(self.raw[met].std()) < 0.1 * self.spread)
        turned = self.model.affine and self.model.form != "advantage" and float(np.median(self.scale)) <= 0.0
        return flat or turned

    @property
    def explained(self) -> Array:
        """[M] bool: met to rounding."""
        if self.empty:
            return np.zeros(len(self.residual), bool)
        return np.abs(np.nan_to_num(self.residual, nan=np.inf)) <= self.tolerance

    @property
    def met(self) -> float:
        """Share of the observed rows that are met to rounding."""
        return float(self.explained.mean()) if len(self.residual) else 0.0

    @property
    def share(self) -> float:
        """The same, lowered where ends of episodes are not met: they are few, and what variants differ in."""
        ends = self.explained[self.end]
        return min(self.met, 0.25 + float(ends.mean())) if len(ends) > 2 else self.met

    @property
    def typical(self) -> float:
        """Median residual in standard deviations of the quantity; unknown rows count as not met."""
        return float(np.median(np.abs(np.nan_to_num(self.residual, nan=np.inf)))) / max(self.spread, 1e-12)

    @property
    def relative(self) -> float:
        """Root mean square residual in standard deviations of the quantity."""
        known = np.isfinite(self.residual)
        if not known.any():
            return np.inf
        spread = max(self.spread, 1e-12)
        rest = np.where(known, self.residual, spread)  # a row that cannot be computed is a row not explained
        return float(np.sqrt(np.mean(rest**2))) / spread


def discounted_sum(x: Array, carry: Array) -> Array:
    """[T, ...] with y[t] = x[t] + carry[t] * y[t + 1], y[T] = 0; `carry` broadcasts against `x` behind the first axis.

    Runs in blocks of sqrt(T) rows at once, so the cost is 2 sqrt(T) array operations rather than T.
    """
    height = len(x)
    size = max(1, int(np.sqrt(height)))
    blocks = -(-height // size)
    pad = blocks * size - height
    y = np.concatenate([x, np.zeros((pad, *x.shape[1:]))]).reshape(blocks, size, *x.shape[1:])
    through = np.concatenate([carry, np.zeros((pad, *carry.shape[1:]))]).reshape(blocks, size, *carry.shape[1:])
    y, through = y.astype(np.float64), through.astype(np.float64)
    for row in range(size - 2, -1, -1):
        y[:, row] += through[:, row] * y[:, row + 1]
        through[:, row] = through[:, row] * through[:, row + 1]
    for block in range(blocks - 2, -1, -1):
        y[block] += through[block] * y[block + 1, :1]
    return y.reshape(blocks * size, *x.shape[1:])[:height]


class Board:
    """A scheme's pieces summed backwards at some rho, read at the observed rows."""

    def __init__(
        self, scheme: Scheme, seen: Observed, model: Model, rho: float, only: Optional[Sequence[str]] = None
    ) -> None:
        self.scheme, self.model, self.rho = scheme, model, rho
        grid = scheme.grid
        place = np.full(int(max(grid.cell.max(), seen.cell.max())) + 1, -1)
        flat = grid.cell.ravel()
        place[flat[flat >= 0]] = np.flatnonzero(flat >= 0)
        self.place = place[seen.cell]
        self.inside = self.place >= 0
        pieces = {"reward": grid.reward}
        if model.shift or model.constant:
            pieces["one"] = grid.valid.astype(np.float64)
        if grid.bonus.any():
            pieces["bonus"] = grid.bonus.astype(np.float64)
        wanted = {n: c for n, c in scheme.columns.items() if only is None or n in only}
        if model.by_value:
            pieces.update({"value": grid.value, **wanted})
        else:
            closed = scheme.carry == 0
            pieces.update({name: np.where(closed, column, 0.0) for name, column in wanted.items()})
        last = {name: np.where(grid.tail, pieces[name], 0.0) for name in _PAID if name in pieces}
        pieces.update({f"{name}_tail": column for name, column in last.items()})
        self.pieces = {name: column for name, column in pieces.items() if name == "reward" or np.any(column != 0)}
        self.columns, self.unknown = self._sums(grid.cell.shape)

    def _sums(self, shape: Tuple[int, ...]) -> Tuple[Dict[str, Array], Dict[str, Array]]:
        names = list(self.pieces)
        holes = [name for name in names if np.isnan(self.pieces[name]).any()]
        stack = [np.nan_to_num(self.pieces[name]) for name in names]
        stack += [np.isnan(self.pieces[name]).astype(np.float64) for name in holes]
        summed = discounted_sum(np.stack(stack, axis=-1), self.rho * self.scheme.carry[..., None])
        flat = summed.reshape(-1, len(stack))[np.maximum(self.place, 0)]
        columns = {name: flat[:, i] for i, name in enumerate(names)}
        unknown = {name: flat[:, len(names) + i] > LEAK for i, name in enumerate(holes)}
        return columns, unknown

    def combine(self, variant: Variant, names: Sequence[str]) -> Sums:
        """The sums that a variant uses."""
        zero = np.zeros(len(self.place))
        known = self.inside.copy()
        drop = ("_tail",) if variant.tail == "no_advantage" else ()
        sums = []
        for group in (["reward"], ["one"], ["bonus"], list(names), ["value"]):
            total = zero
            for name in group:
                if name in self.columns:
                    total = total + self.columns[name]
                    known &= ~self.unknown.get(name, np.zeros(1, bool))
                for suffix in drop:
                    if name + suffix in self.columns:
                        total = total - self.columns[name + suffix]
            sums.append(total)
        reward, one, bonus, boot, value = sums
        return Sums(reward, one, bonus, boot, value, known)
