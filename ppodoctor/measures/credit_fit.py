"""Search over the variants: from the common ways to the rare ones, stopping at the first that explains the numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.credit_grid import Grid, grid_of, turned, with_reward
from ppodoctor.measures.credit_model import Board, Model, Observed, Solution
from ppodoctor.measures.credit_solve import RHO_GRID, quick_score, refine, screen
from ppodoctor.measures.credit_table import Consumed, Steps
from ppodoctor.measures.credit_variants import Scheme, Variant, shifted_schemes, time_schemes, wrong_way_schemes

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


def observe(steps: Steps, quantity: Consumed) -> Optional[Observed]:
    """The rows of a quantity that were seen, or None when there are too few."""
    cell = np.flatnonzero(np.isfinite(quantity.value).ravel())
    if len(cell) > MOST:
        cell = cell[np.linspace(0, len(cell) - 1, MOST).astype(np.int64)]
    if len(cell) < FEWEST:
        return None
    numbers = np.unique(steps.update_of_column, return_inverse=True)[1]
    update = np.broadcast_to(numbers, steps.valid.shape).ravel()[cell]
    group = quantity.group.ravel()[cell]
    sizes = np.bincount(group)
    if np.median(sizes[sizes > 0]) < 8:  # too few rows to fit a scale to each minibatch
        group = update
    return Observed(cell, quantity.value.ravel()[cell], group, update, steps.value.ravel()[cell])


def explain(
    steps: Steps, quantity: Consumed, forms: Sequence[str], hint: Optional[Outcome] = None
) -> Optional[Outcome]:
    """Fit the quantity under every variant, first as another quantity of the same steps, `hint`, was explained."""
    seen = observe(steps, quantity)
    if seen is None:
        return None
    best: Optional[Outcome] = None
    starts = ([] if hint is None else [hint.best.rho]) + _local_rho(steps, quantity)
    for schemes, models in _hinted(hint, seen, forms):
        found = _attempt(schemes, seen, models[0], [hint.best.rho] if hint is not None else [])
        if found is not None and found.best.share >= ENOUGH:
            return found
        best = found
    for schemes, models in _stages(steps, seen, forms):
        for model in models:
            found = _attempt(schemes, seen, model, starts)
            if found is None:
                continue
            if best is None or found.best.share > best.best.share + 0.02:
                best = found
            if best.best.share >= ENOUGH:
                return best
    return best


def _hinted(
    hint: Optional[Outcome], seen: Observed, forms: Sequence[str]
) -> Iterator[Tuple[List[Scheme], List[Model]]]:
    """The family that explained the other quantity, when that was a rare one."""
    if hint is None or hint.best.share < ENOUGH:
        return
    usual = Variant()
    rare = [name for name in ("mask", "along", "reward") if getattr(hint.best.variant, name) != getattr(usual, name)]
    if rare or hint.best.model.shift:
        family = list({id(scheme): scheme for scheme, _, _ in hint.candidates}.values())
        usual_models = _models(forms[:1], seen, hint.best.model.constant)
        yield family, [replace(model, shift=hint.best.model.shift) for model in usual_models]


def _stages(steps: Steps, seen: Observed, forms: Sequence[str]) -> Iterator[Tuple[List[Scheme], List[Model]]]:
    """Families of variants with the models to try on them, the common ones first."""
    grid = grid_of(steps)
    by_value = float(np.isfinite(seen.value).mean()) > 0.5
    usual = [f for f in forms if f.startswith("mc") != by_value] + [f for f in forms if f.startswith("mc") == by_value]
    usual = usual if by_value else [f for f in usual if f != "mc_advantage"][:2]
    paid = steps.reward[steps.valid]
    varied = float(np.std(paid)) > 1e-6 * float(np.abs(paid).max())  # a constant reward cannot be told from a shift
    models = _models(usual[:2], seen, varied)
    straight = list(time_schemes(grid))
    yield straight, models
    plain = models[:1]  # the rarer families are tried on the commonest model only
    shifted = list(shifted_schemes(grid))
    yield shifted, models[:2]
    if varied:
        yield straight, [replace(model, shift=True) for model in plain]
    for kind in ("previous", "next", "clipped", "sign", "raw", "neighbour_up", "neighbour_down"):
        other = with_reward(grid, kind, steps)
        if np.array_equal(other.reward, grid.reward) or not np.isfinite(other.reward[grid.valid]).any():
            continue
        yield [_paid(scheme, kind, other) for scheme in straight], plain
    yield list(wrong_way_schemes(turned(steps))), models[:2]
    yield straight, _models(usual[2:], seen, varied)


def _models(forms: Sequence[str], seen: Observed, varied: bool) -> List[Model]:
    """Advantages are mostly normalised and targets mostly not; a scale of 1 is a case of an unknown one."""
    rows = len(seen.y) / max(len(np.unique(seen.group)), 1)
    order = {"advantage": (True,) if rows >= 24 else (False, True)}
    return [Model(form, affine, varied) for form in forms for affine in order.get(form, (False, True))]


def _paid(scheme: Scheme, kind: str, grid: Grid) -> Scheme:
    variants = tuple((replace(variant, reward=kind), names) for variant, names in scheme.variants)
    return replace(scheme, grid=grid, variants=variants)


def _local_rho(steps: Steps, quantity: Consumed) -> List[float]:
    """gamma * lambda from neighbouring rows, where enough were seen.

    Regresses y[t] = a r[t] + b V[t] + c V[t + 1] + rho y[t + 1] + d.
    """
    y = quantity.value
    below = np.concatenate([y[1:], np.full_like(y[:1], np.nan)])
    columns = [steps.reward, steps.value, steps.after, below]
    use = np.isfinite(y) & ~steps.end & ~steps.tail
    for column in columns:
        use &= np.isfinite(column)
    if use.sum() < 24:
        return []
    right = np.column_stack([*(column[use] for column in columns), np.ones(int(use.sum()))])
    norms = np.maximum(np.sqrt((right**2).sum(0)), 1e-300)
    found = np.linalg.lstsq(right / norms, y[use], rcond=1e-9)[0] / norms
    return [float(np.clip(found[3], 0.0, 1.0))]


def _attempt(schemes: List[Scheme], seen: Observed, model: Model, starts: Sequence[float]) -> Optional[Outcome]:
    """The best of some schemes under one model; tries the given starts for rho before the grid."""
    best: Optional[Outcome] = None
    few = _thinned(seen, 1500)
    coarse = RHO_GRID if len({id(scheme.grid) for scheme in schemes}) == 1 else RHO_GRID[::3]
    for guesses in (*([start] for start in starts), list(coarse)):
        rho = min(guesses, key=lambda one: _start_score(schemes, few, model, one))
        ranked = screen(schemes, few, model, rho)
        if not ranked or ranked[0][0] > HOPELESS:
            continue
        first = refine(ranked[0][1], few, model, ranked[0][2:], rho)
        if first is not None and abs(first.rho - rho) > 1e-6:
            rho = first.rho
            ranked = screen(schemes, few, model, rho)
        trials = [refine(scheme, few, model, (variant, names), rho) for _, scheme, variant, names in ranked[:TRIALS]]
        trial = max((one for one in trials if one is not None), key=lambda one: one.share, default=None)
        if trial is None or (trial.share < PROMISING and best is not None):
            continue
        if trial.share < PROMISING:
            best = _alone(trial, few)
            continue
        found = _finalists(ranked, seen, model, rho)
        if found is not None and (best is None or found.best.share > best.best.share):
            best = found
        if best is not None and best.best.share >= ENOUGH:
            break
    return best


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
        reward, one, boot, value, known = board.combine(variant, names)
        raw = solution.paid(reward, one, seen) + solution.gamma * boot
        if model.by_value:
            raw = raw - value
        raw = raw + {"return": seen.value, "mc_advantage": -seen.value}.get(model.form, 0.0)
        rows.append(np.where(known, raw, np.nan))
    return np.array(rows)


def _alike(given: Array, number: int, tolerance: float) -> Array:
    """[candidates] bool: gives the same as one of them on every row that it knows."""
    mine = np.isfinite(given[number])
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(given[:, mine] - given[number, mine]) <= tolerance).all(axis=1))


def cut_by_script(outcome: Outcome, steps: Steps) -> Optional[Array]:
    """[T, E] ends told as terminations that the targets bootstrap from the final state; None unless only some are.

    Old interfaces have one done flag, and a script may know its time limit from elsewhere. At an end a target is the
    reward alone, or the reward and the discounted value of the final state; which of both can be read row by row.
    """
    best, target = outcome.best, steps.target.value
    if best.model.affine or best.model.shift or best.share < 0.5 or best.gamma_error > 1e-3 or not best.model.by_value:
        return None
    alone = target - float(best.reward_scale[0]) * steps.reward
    tolerance = 10 * best.tolerance
    ends = steps.terminated & np.isfinite(target)
    with np.errstate(invalid="ignore"):
        cut = ends & (np.abs(alone - best.gamma * steps.successor) < tolerance) & (np.abs(alone) > tolerance)
        died = ends & (np.abs(alone) < tolerance)
    if not cut.any() or (cut | died).sum() < 0.9 * ends.sum():
        return None
    return np.asarray(cut)
