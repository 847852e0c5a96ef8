"""The ways scripts compute advantages and returns, right and wrong, as masks over the recorded steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from ppodoctor.measures.credit_grid import Grid

Array = Any

NOW = "now"


@dataclass(frozen=True)
class Variant:
    """One way to compute advantages, by what it does at the places where ways differ. The defaults are right."""

    termination: str = "cut"
    """cut; value_after, value_final (the value after the end is added); ignored_after, ignored_final (and the
    recursion runs on); leak (only the recursion runs on)."""
    time_limit: str = "final"
    """final (bootstraps from the final observation); death; reset (bootstraps from the next episode's first
    observation); ignored_after, ignored_final; leak."""
    tail: str = "bootstrapped"
    """bootstrapped; zero; no_advantage (the last row's advantage is 0); end_ignored (bootstrapped past an end)."""
    mask: str = NOW
    """now; previous or next (the done flag of the row before or after, "bootstrap_" or "recursion_" in front when only
    one of both uses it, "_terminated" behind when time limits are no done); inverted, and the same prefixes."""
    along: str = "time"
    """time; backwards; environments, flat_steps or flat_environments (the recursion walks the wrong axis)."""
    neighbour: bool = False
    """Along a wrong axis: the next value is the neighbour's there, not the one of the next step."""
    reward: str = "own"
    """own; previous or next (of the step before or after); clipped, sign, raw (before wrappers)."""

    @property
    def deviations(self) -> int:
        """How many fields are not right; fewer is preferred when two variants cannot be told apart."""
        right = Variant()
        wrong = [name for name in vars(right) if getattr(self, name) != getattr(right, name)]
        return 2 * len(wrong) - int(self.time_limit == "death" or self.tail == "zero" or self.mask != NOW)


@dataclass(frozen=True)
class Scheme:
    """Variants that share one recursion: A[t] = x[t] + gamma * lambda * carry[t] * A[t + 1] on a grid."""

    grid: Grid
    carry: Array
    """[T, E] 0 or 1."""
    columns: Dict[str, Array]
    """[T, E] pieces of what is bootstrapped, NaN where the value is unknown, 0 where the piece is absent."""
    variants: Tuple[Tuple[Variant, Tuple[str, ...]], ...]
    """Each variant with the names of the pieces whose sum it bootstraps from."""


_TERMINATION = {
    "cut": ("", False),
    "value_after": ("after", False),
    "value_final": ("final", False),
    "ignored_after": ("after", True),
    "ignored_final": ("final", True),
    "leak": ("", True),
}
_TIME_LIMIT = {
    "final": ("final", False),
    "death": ("", False),
    "reset": ("after", False),
    "ignored_after": ("after", True),
    "ignored_final": ("final", True),
    "leak": ("", True),
}
_TAILS = ("bootstrapped", "zero", "no_advantage", "end_ignored")


def time_schemes(grid: Grid) -> Iterator[Scheme]:
    """Recursion along time, done flags of their own row; only choices that some row of the grid can tell."""
    died, cut = bool(grid.terminated.any()), bool(grid.cut.any())
    terminations = list(_TERMINATION) if died else ["cut"]
    limits = list(_TIME_LIMIT) if cut else ["final"]
    tails = _TAILS if bool((grid.tail & grid.end).any()) else _TAILS[:-1]
    columns = _pieces(grid)
    for carry_death in (False, True):
        for carry_cut in (False, True):
            carry = grid.inner | (grid.goes_on & ((grid.terminated & carry_death) | (grid.cut & carry_cut)))
            variants = [
                (Variant(termination=a, time_limit=b, tail=c), _names(a, b, c))
                for a in terminations
                for b in limits
                for c in tails
                if _TERMINATION[a][1] == carry_death and _TIME_LIMIT[b][1] == carry_cut
            ]
            if variants:
                yield Scheme(grid, carry.astype(np.float64), columns, tuple(variants))


def _pieces(grid: Grid) -> Dict[str, Array]:
    end_tail = grid.tail & grid.end
    pieces = {
        "inner": np.where(grid.inner, grid.after, 0.0),
        "tail_final": np.where(grid.tail & ~grid.end, grid.successor, 0.0),
        "end_tail_after": np.where(end_tail, grid.after, 0.0),
    }
    for name, rows in (("death", grid.terminated), ("cut", grid.cut)):
        for at, value in (("after", grid.after), ("final", grid.successor)):
            pieces[f"{name}_{at}"] = np.where(rows & ~grid.tail, value, 0.0)
            pieces[f"{name}_tail_{at}"] = np.where(rows & grid.tail, value, 0.0)
    return pieces


def _names(termination: str, limit: str, tail: str) -> Tuple[str, ...]:
    names = ["inner"]
    for piece, source in (("death", _TERMINATION[termination][0]), ("cut", _TIME_LIMIT[limit][0])):
        if source:
            names.append(f"{piece}_{source}")
            if tail in ("bootstrapped", "zero", "no_advantage"):
                names.append(f"{piece}_tail_{source}")
    if tail in ("bootstrapped", "end_ignored"):
        names.append("tail_final")
    if tail == "end_ignored":
        names.append("end_tail_after")
    return tuple(names)


def shifted_schemes(grid: Grid) -> Iterator[Scheme]:
    """Recursion along time with a done flag of another row, or its opposite, in one place or both."""
    right = grid.inner.astype(np.float64)
    boot_right = np.where(grid.inner | (grid.tail & ~grid.end), grid.after, 0.0)
    for name, flag in _flags(grid):
        goes = ~flag
        boot = np.where(goes & grid.valid, grid.after, 0.0)
        boot_now, boot_tail = np.where(grid.tail, 0.0, boot), np.where(grid.tail, boot, 0.0)
        carry = (goes & grid.goes_on).astype(np.float64)
        parts = {"boot": boot_now, "tail": boot_tail, "right": boot_right}
        both, only_boot = Variant(mask=name), Variant(mask=f"bootstrap_{name}")
        yield Scheme(grid, carry, parts, (*_with_tails(both), (replace(both, mask=f"recursion_{name}"), ("right",))))
        yield Scheme(grid, right, parts, _with_tails(only_boot))


def _with_tails(variant: Variant) -> Tuple[Tuple[Variant, Tuple[str, ...]], ...]:
    return ((variant, ("boot", "tail")), (replace(variant, tail="zero"), ("boot",)))


def _flags(grid: Grid) -> Iterator[Tuple[str, Array]]:
    """Name and [T, E] flag: where it is set, neither value nor recursion is carried over."""
    before = np.concatenate([grid.starts[:1], grid.end[:-1]])
    died_before = np.concatenate([np.zeros_like(grid.end[:1]), grid.terminated[:-1]])
    after = np.concatenate([grid.end[1:], np.zeros_like(grid.end[:1])])
    died_after = np.concatenate([grid.terminated[1:], np.zeros_like(grid.end[:1])])
    yield "previous", before
    yield "next", after
    if grid.cut.any():
        yield "previous_terminated", died_before
        yield "next_terminated", died_after
        yield "inverted_terminated", ~grid.terminated
    yield "inverted", ~grid.end


def wrong_way_schemes(turned: List[Tuple[str, Grid]]) -> Iterator[Scheme]:
    """Recursion along another axis, or from the first row to the last. `turned` are the grids laid out that way."""
    for along, grid in turned:
        beside = np.concatenate([grid.value[1:], np.full_like(grid.value[:1], np.nan)])
        beside = np.where(grid.tail, 0.0, beside)
        alive = grid.valid & ~grid.end
        for neighbour in (False, True) if along != "backwards" else (False,):
            value = beside if neighbour else grid.after
            parts = {
                "masked": np.where(alive & ~(grid.cut | grid.terminated), value, 0.0),
                "cut": np.where(grid.cut, grid.successor, 0.0),
                "always": np.where(grid.valid & ~alive, value, 0.0),
            }
            for leaks in (False, True):
                carry = grid.goes_on if leaks else grid.goes_on & alive
                base = Variant(along=along, neighbour=neighbour, termination="leak" if leaks else "cut")
                variants = (
                    (replace(base, time_limit="death"), ("masked",)),
                    (base, ("masked", "cut")),
                    (replace(base, termination="ignored_after" if leaks else "value_after"), ("masked", "always")),
                )
                yield Scheme(grid, carry.astype(np.float64), parts, variants)
