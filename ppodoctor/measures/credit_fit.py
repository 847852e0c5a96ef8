"""Search over the variants: from the common ways to the rare ones, stopping at the first that explains the numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.credit_model import Board, Model, Observed, Solution
from ppodoctor.measures.credit_solve import RHO_GRID, quick_score, refine, screen
from ppodoctor.measures.credit_variants import Scheme, Variant

Array = Any

ENOUGH = 0.95
"""Share of rows met to rounding at which the search stops."""
FEWEST = 12
"""Rows below which nothing is fitted."""
MOST = 6000
"""Rows used in a fit; more are thinned evenly."""
FINALISTS = 4
TRIALS = 3
PROMISING = 0.25
"""Share of rows that one of the first `TRIALS` variants must meet for the others to be looked at."""
BLIND = 0.97
"""Residual, in standard deviations, of a family's plainest variants above which the others are not looked at."""
HOPELESS = 0.85
"""Residual, in standard deviations, above which no variant of a family is near the truth."""

Candidate = Tuple[Scheme, Variant, Tuple[str, ...]]


@dataclass(frozen=True)
class Outcome:
    """The best explanation found, what else was tried with the same model, and how the second best did."""

    best: Solution
    seen: Observed
    candidates: Tuple[Candidate, ...]
    given: Array
    """[candidates, M] what each of them gives with the best one's numbers."""
    same: Tuple[Variant, ...]
    """Variants that these rows cannot tell from the best (more deviations than it)."""
    runner_up: Optional[Variant]
    runner_up_residual: float
    runner_up_share: float


MOST_MET = 0.5
"""Share of rows met to rounding from which rho is known, whatever keeps the others from being met."""


def attempt(
    schemes: List[Scheme],
    seen: Observed,
    model: Model,
    starts: Sequence[float],
    known: Optional[Outcome] = None,
) -> Optional[Outcome]:
    """The best of some schemes under one model; tries the given starts for rho before the grid.

    Beside an outcome that is known and meets most rows, its rho alone is tried, and only what meets no fewer is
    compared in full.
    """
    best: Optional[Outcome] = None
    few = _thinned(seen, 1000)
    tried, least = _tries(schemes, starts, known)
    for guesses in tried:
        if len(guesses) == 1 and guesses[0] == 0.95 and not _ends_are_missing(best):
            continue
        score, rho = min((_start_score(schemes, few, model, one), one) for one in guesses)
        if score > BLIND:
            continue
        ranked = screen(schemes, few, model, rho)
        if not ranked or ranked[0][0] > HOPELESS:
            continue
        first = refine(ranked[0][1], few, model, ranked[0][2:], rho)
        if first is not None and abs(first.rho - rho) > 1e-4:
            rho = first.rho
            ranked = screen(schemes, few, model, rho)
        trials = [refine(scheme, few, model, (variant, names), rho) for _, scheme, variant, names in ranked[:TRIALS]]
        trial = max((one for one in trials if one is not None), key=lambda one: one.share, default=None)
        if trial is None or (trial.share < least and best is not None):
            continue
        if trial.share < least:
            best = _alone(trial, few)
            continue
        found = _finalists(ranked, seen, model, rho)
        if found is not None and (best is None or found.best.share > best.best.share):
            best = found
        if best is not None and best.best.share >= ENOUGH:
            break
    return best


def _tries(schemes: List[Scheme], starts: Sequence[float], known: Optional[Outcome]) -> Tuple[List[List[float]], float]:
    """Guesses for rho to choose from, in the order of trying, and the share of rows to meet for a look at the rest."""
    if known is not None and known.best.share >= MOST_MET:
        return [[known.best.rho]], max(PROMISING, known.best.share - 0.1)
    coarse = RHO_GRID if len({id(scheme.grid) for scheme in schemes}) == 1 else RHO_GRID[::3]
    return [*([one] for one in starts), [*coarse], [0.95]], PROMISING


def _ends_are_missing(outcome: Optional[Outcome]) -> bool:
    """All is met but the ends of episodes: then nothing else tells rho, and a fit from rho = 0 stays there."""
    return outcome is not None and outcome.best.met > 0.9 and outcome.best.share < 0.5


def _alone(solution: Solution, seen: Observed) -> Outcome:
    """An outcome for a solution that explains little, compared with nothing."""
    return Outcome(solution, seen, (), np.zeros((0, len(seen.y))), (), None, np.inf, 0.0)


def _thinned(seen: Observed, most: int) -> Observed:
    if len(seen.y) <= most:
        return seen
    chosen = np.linspace(0, len(seen.y) - 1, most).astype(np.int64)
    return Observed(**{name: column[chosen] for name, column in vars(seen).items()})


def _start_score(schemes: List[Scheme], seen: Observed, model: Model, rho: float) -> float:
    """How well a rho does with the first variant of the schemes; of one layout's, the first and the last will do."""
    layouts: Dict[int, List[Scheme]] = {}
    for scheme in schemes:
        layouts.setdefault(id(scheme.grid), []).append(scheme)
    scores = []
    for own in layouts.values():
        for scheme in (own[0], own[-1]) if len(own) > 1 else own:
            variant, names = scheme.variants[0]
            scores.append(quick_score(Board(scheme, seen, model, rho, names), seen, variant, names))
    return min(scores)


def _finalists(
    ranked: List[Tuple[float, Scheme, Variant, Tuple[str, ...]]], seen: Observed, model: Model, rho: float
) -> Optional[Outcome]:
    """Refine the front runners, and compare the best of them with all others on the same numbers."""
    candidates = [(scheme, variant, names) for score, scheme, variant, names in ranked if np.isfinite(score)]
    solved: List[Tuple[Solution, int]] = []
    open_ = np.ones(len(candidates), bool)
    while open_.any() and len(solved) < FINALISTS:
        number = int(open_.argmax())
        scheme, variant, names = candidates[number]
        solution = refine(scheme, seen, model, (variant, names), rho)
        open_[number] = False
        if solution is None:
            continue
        solved.append((solution, number))
        if len(solved) == 1 or solution.share > max(one.share for one, _ in solved[:-1]):
            given = predictions(solution, candidates, seen)
        open_ &= ~_alike(given, number, 3 * solution.tolerance)
        if len(solved) > 1 and max(one.share for one, _ in solved) >= ENOUGH:
            break
    if not solved:
        return None
    best, number = max(solved, key=lambda one: (one[0].share, -one[0].relative))
    given = predictions(best, candidates, seen)
    alike = np.flatnonzero(_alike(given, number, 3 * best.tolerance)).tolist()
    same: List[int] = sorted(alike, key=lambda one: candidates[one][1].deviations)
    if same:
        best = replace(best, scheme=candidates[same[0]][0], variant=candidates[same[0]][1])
    others = [one for one, at in solved if at not in same]
    second = max(others, key=lambda one: (one.share, -one.relative)) if others else None
    return Outcome(
        best=best,
        seen=seen,
        candidates=tuple(candidates),
        given=given,
        same=tuple(candidates[one][1] for one in same[1:]),
        runner_up=None if second is None else second.variant,
        runner_up_residual=np.inf if second is None else second.relative,
        runner_up_share=0.0 if second is None else second.share,
    )


def predictions(solution: Solution, candidates: Sequence[Candidate], seen: Observed) -> Array:
    """[candidates, M] what each variant gives with the numbers fitted for one; NaN where it needs an unknown value."""
    boards: Dict[int, Board] = {}
    model = solution.model
    rows = []
    for scheme, variant, names in candidates:
        board = boards.get(id(scheme))
        if board is None:
            board = boards[id(scheme)] = Board(scheme, seen, model, solution.rho)
        sums = board.combine(variant, names)
        raw = solution.paid(sums, seen) + solution.gamma * sums.boot
        if model.by_value:
            raw = raw - sums.value
        raw = raw + {"return": seen.value, "mc_advantage": -seen.value}.get(model.form, 0.0)
        rows.append(np.where(sums.known, raw, np.nan))
    return np.array(rows)


def _alike(given: Array, number: int, tolerance: float) -> Array:
    """[candidates] bool: gives the same as one of them on every row that it knows."""
    mine = np.isfinite(given[number])
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(given[:, mine] - given[number, mine]) <= tolerance).all(axis=1))
