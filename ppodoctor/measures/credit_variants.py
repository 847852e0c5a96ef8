"""The ways scripts compute advantages and returns, right and wrong, as masks over the recorded steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

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
    observation); own (from the state acted in last, beside such a tail); ignored_after, ignored_final; leak; both,
    ignored_both (from the final observation, whose value was added to the reward, and the next one's). Beside an
    odd mask: in_reward (the final observation's value is added to the reward, whatever the mask says); at_cut (the
    final observation's value at time limits, the next row's elsewhere); moved (that value a row late)."""
    tail: str = "bootstrapped"
    """bootstrapped; zero; no_advantage (the last row's advantage is 0); own (bootstrapped from its own value);
    end_ignored (bootstrapped past an end)."""
    mask: str = NOW
    """now; previous or next (the done flag of the row before or after); rolled (previous, and the last row's before the
    first); inverted. "bootstrap_" or "recursion_" in front when only one of both uses it, "_terminated" behind when
    time limits are no done, "_cut" when they only stop the recursion."""
    along: str = "time"
    """time; backwards; environments, flat_steps, flat_environments, next_environment_up or _down (the recursion walks
    another axis, or from one environment to the next as it goes back in time)."""
    neighbour: bool = False
    """Along a wrong axis: the next value is the neighbour's there, not the one of the next step."""
    reward: str = "own"
    """own; previous or next (of the step before or after); neighbour_up or _down (of the environment beside); clipped,
    sign, raw (before wrappers); end_replaced, death_replaced (at the ends of episodes, or at terminations only, a
    constant stands in its place), end_added, death_added (the constant is added to it)."""

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
    "own": ("own", False),
    "ignored_after": ("after", True),
    "ignored_final": ("final", True),
    "leak": ("", True),
    "both": ("final after", False),
    "ignored_both": ("final after", True),
}
_TAILS = ("bootstrapped", "zero", "no_advantage", "own", "end_ignored")


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
                if _TERMINATION[a][1] == carry_death and _TIME_LIMIT[b][1] == carry_cut and (b != "own" or c == "own")
            ]
            if variants:
                yield Scheme(grid, carry.astype(np.float64), columns, tuple(variants))


def _pieces(grid: Grid) -> Dict[str, Array]:
    end_tail = grid.tail & grid.end
    pieces = {
        "inner": np.where(grid.inner, grid.after, 0.0),
        "tail_final": np.where(grid.tail & ~grid.end, grid.successor, 0.0),
        "tail_own": np.where(grid.tail & ~grid.end, grid.value, 0.0),
        "end_tail_after": np.where(end_tail, grid.after, 0.0),
    }
    for name, rows in (("death", grid.terminated), ("cut", grid.cut)):
        for at, value in (("after", grid.after), ("final", grid.successor), ("own", grid.value)):
            pieces[f"{name}_{at}"] = np.where(rows & ~grid.tail, value, 0.0)
            pieces[f"{name}_tail_{at}"] = np.where(rows & grid.tail, value, 0.0)
    return pieces


def _names(termination: str, limit: str, tail: str) -> Tuple[str, ...]:
    names = ["inner"]
    for piece, source in (("death", _TERMINATION[termination][0]), ("cut", _TIME_LIMIT[limit][0])):
        for one in source.split():
            names.append(f"{piece}_{one}")
            if tail != "end_ignored":
                names.append(f"{piece}_tail_{one}")
    if tail == "own":
        names.append("tail_own")
    if tail in ("bootstrapped", "end_ignored"):
        names.append("tail_final")
    if tail == "end_ignored":
        names.append("end_tail_after")
    return tuple(names)


def shifted_schemes(grid: Grid) -> Iterator[Scheme]:
    """Recursion along time with another row's done flag, or its opposite, in the bootstrap, the recursion or both."""
    usual = grid.valid & ~grid.end
    parts: Dict[str, Array] = {}
    kinds = ["any", "died"] if grid.cut.any() else ["any"]
    flags = {(shift, kind): _flag(grid, shift, kind == "died") for shift in _SHIFTS for kind in kinds}
    sources = {"after": grid.after, "final": grid.successor, "mixed": np.where(grid.cut, grid.successor, grid.after)}
    sources["moved"] = _moved_finals(grid)
    for name, goes in [(key, ~flag & grid.valid) for key, flag in flags.items()] + [(("right", "any"), usual)]:
        for source, value in sources.items():
            boot = np.where(goes, value, 0.0)
            parts[f"{name}{source}"] = np.where(grid.tail, 0.0, boot)
            parts[f"{name}{source}_tail"] = np.where(grid.tail, boot, 0.0)
    parts["in_reward"] = np.where(grid.cut, grid.successor, 0.0)
    for carrying, flag in [*flags.items(), (("right", "any"), ~usual)]:
        variants: List[Tuple[Variant, Tuple[str, ...]]] = []
        for boot_name in [*flags, ("right", "any")]:
            mask = _mask_name(boot_name, carrying)
            if mask is None:
                continue
            for source, limit in _SHIFTED_SOURCES if grid.cut.any() else _SHIFTED_SOURCES[:2]:
                names: Tuple[str, ...] = (f"{boot_name}{source}", f"{boot_name}{source}_tail")
                if limit == "in_reward":
                    names = (*names, "in_reward")
                variants.append((Variant(mask=mask, time_limit=limit), names))
                less = tuple(name for name in names if not name.endswith("_tail"))
                variants.append((Variant(mask=mask, time_limit=limit, tail="zero"), less))
        carry = (~flag & grid.goes_on).astype(np.float64)
        yield Scheme(grid, carry, parts, tuple(variants))


_SHIFTED_SOURCES = (
    ("after", "final"),
    ("final", "ignored_final"),
    ("after", "in_reward"),
    ("mixed", "at_cut"),
    ("moved", "moved"),
)
_SHIFTS = ("previous", "rolled", "next", "inverted")


def _moved_finals(grid: Grid) -> Array:
    """[T, E] the value of the row before's final state behind a time limit, the next row's value elsewhere."""
    cut = np.concatenate([np.zeros_like(grid.cut[:1]), grid.cut[:-1]])
    before = np.concatenate([np.full_like(grid.successor[:1], np.nan), grid.successor[:-1]])
    return np.asarray(np.where(cut, before, grid.after))


def _mask_name(boot: Tuple[str, str], carry: Tuple[str, str]) -> Optional[str]:
    """Name of a pair of flags; None for pairs that nobody writes: different shifts, or none."""
    if boot[0] == carry[0]:
        kinds = {("any", "any"): "", ("died", "died"): "_terminated", ("died", "any"): "_cut"}
        kind = kinds.get((boot[1], carry[1]))
        return None if boot[0] == "right" or kind is None else boot[0] + kind
    if carry[0] == "right":
        return f"bootstrap_{boot[0]}" + ("" if boot[1] == "any" else "_terminated")
    if boot[0] == "right":
        return f"recursion_{carry[0]}" + ("" if carry[1] == "any" else "_terminated")
    return None


def _flag(grid: Grid, shift: str, died: bool) -> Array:
    """[T, E] where it is set, the next value or the recursion is dropped."""
    flag = grid.terminated if died else grid.end
    if shift == "inverted":
        return ~flag
    if shift == "next":
        return np.concatenate([flag[1:], np.zeros_like(flag[:1])])
    first = np.zeros_like(flag[:1]) if died else grid.starts[:1]
    if shift == "rolled":
        first = (flag & grid.tail).any(axis=0, keepdims=True)
    return np.concatenate([first, flag[:-1]])


def wrong_way_schemes(turned: List[Tuple[str, Grid]]) -> Iterator[Scheme]:
    """Recursion along another axis, or from the first row to the last. `turned` are the grids laid out that way."""
    for along, grid in turned:
        if along.startswith("next_environment"):
            for scheme in time_schemes(grid):
                kept = tuple((replace(v, along=along), n) for v, n in scheme.variants if v.termination == "cut")
                if kept:
                    yield replace(scheme, variants=kept)
            continue
        yield from _turned(along, grid)


def _turned(along: str, grid: Grid) -> Iterator[Scheme]:
    """Recursion along a wrong axis; where the neighbour there is taken for the next step, its flags may be, too."""
    beside = np.concatenate([grid.value[1:], np.full_like(grid.value[:1], np.nan)])
    beside = np.where(grid.tail, 0.0, beside)
    begins = np.where(grid.tail, grid.starts, np.concatenate([grid.starts[1:], grid.starts[-1:]]))
    usual = grid.valid & ~grid.end
    sides = [(False, NOW, usual)]
    if along != "backwards":
        sides += [(True, NOW, usual), (True, "previous", grid.valid & ~begins)]
    for neighbour, mask, alive in sides:
        value = beside if neighbour else grid.after
        parts = {
            "masked": np.where(alive, value, 0.0),
            "cut": np.where(grid.cut, grid.successor, 0.0),
            "always": np.where(grid.valid & ~alive, value, 0.0),
            "tail_own": np.where(alive & grid.tail, grid.value, 0.0),
        }
        for leaks in (False, True):
            carry = grid.goes_on if leaks else grid.goes_on & alive
            base = Variant(along=along, neighbour=neighbour, mask=mask, termination="leak" if leaks else "cut")
            variants = (
                (replace(base, time_limit="death"), ("masked",)),
                (base, ("masked", "cut")),
                (replace(base, termination="ignored_after" if leaks else "value_after"), ("masked", "always")),
            )
            if neighbour:  # the values where the walk begins, which is the end of the wrong axis
                variants += tuple((replace(v, tail="own"), (*names, "tail_own")) for v, names in variants)
            yield Scheme(grid, carry.astype(np.float64), parts, variants)
