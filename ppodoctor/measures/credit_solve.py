"""Which variant, gamma and lambda explain observed advantages or targets.

For a fixed rho = gamma * lambda every variant is linear: with S the discounted sum backwards along the recursion,

    advantage = a S[reward] + gamma S[bootstrapped values] - S[values],

so reward scale a and gamma come out of a regression, as do an unknown scale and shift of the advantage (normalisation),
and rho is refined by Gauss-Newton steps. Nothing is taken from a grid but the first guess of rho.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.credit_model import Board, Model, Observed, Solution, discounted_sum
from ppodoctor.measures.credit_regress import least_squares, lines, size_part, spread_within, without_groups
from ppodoctor.measures.credit_variants import Scheme, Variant

Array = Any

ROUNDS = 8
"""Times that unlike rows are looked for and left out in one regression."""
RHO_GRID = (0.0, 0.5, 0.75, 0.855, 0.8924, 0.9216, 0.9405, 0.9506, 0.9603, 0.98, 0.99, 0.995, 1.0)


def screen(
    schemes: Sequence[Scheme], seen: Observed, model: Model, rho: float
) -> List[Tuple[float, Scheme, Variant, Tuple[str, ...]]]:
    """Every variant with its plain residual at one rho, the best first; the simpler first among equals.

    Only the best few are tried with other tails; the rest take the score of the usual one.
    """
    boards = {id(scheme): Board(scheme, seen, model, rho) for scheme in schemes}
    every = [(scheme, variant, names) for scheme in schemes for variant, names in scheme.variants]
    scores: Dict[Variant, float] = {}
    for scheme, variant, names in every:
        if variant.tail == "bootstrapped":
            scores[variant] = quick_score(boards[id(scheme)], seen, variant, names)
    good = sorted(scores.values())[:6][-1:] or [np.inf]
    found = []
    for scheme, variant, names in every:
        usual = scores.get(replace(variant, tail="bootstrapped"), np.inf)
        score = usual
        if variant.tail != "bootstrapped":
            close = usual <= good[0] or not np.isfinite(usual)
            score = quick_score(boards[id(scheme)], seen, variant, names) if close else usual + 1e-9
        found.append((score, scheme, variant, names))
    found.sort(key=lambda one: (one[0], one[2].deviations))
    return found


def quick_score(board: Board, seen: Observed, variant: Variant, names: Sequence[str]) -> float:
    """Relative residual of one regression; rows that need unknown values count as a tenth of the spread."""
    design = _design(board, seen, variant, names)
    if design is None:
        return np.inf
    left, right, known = design
    inner = without_groups(left, right, seen, known, board.model)
    coefficients = least_squares(*inner)[0]
    rest = inner[0] - inner[1] @ coefficients
    meant = right @ coefficients - left if board.model.affine else seen.y[known]
    spread = max(float(np.std(meant)), 1e-12)
    missing = 1.0 - float(known.mean())
    return float(np.sqrt(np.mean(rest**2))) / spread + 0.1 * missing


def _design(
    board: Board, seen: Observed, variant: Variant, names: Sequence[str]
) -> Optional[Tuple[Array, Array, Array]]:
    """Left side (rows used), regressors, and which rows [M] are used."""
    sums, model = board.combine(variant, names), board.model
    if model.by_value:
        pivot = sums.value - seen.value if model.form == "return" else sums.value
        columns = [sums.boot]
    else:
        pivot = -board.rho * sums.boot + (seen.value if model.form == "mc_advantage" else 0.0)
        columns = []
    pivot = pivot - sums.reward if model.fixed_reward else pivot
    known = sums.known & np.isfinite(pivot)
    if known.sum() < 8:
        return None
    if not model.fixed_reward:
        updates = range(int(seen.update.max()) + 1) if model.shift else ()
        columns += [np.where(seen.update == update, sums.one, 0.0) for update in updates]
        columns += [np.where(seen.update == update, sums.reward, 0.0) for update in updates]
        columns += [] if model.shift else [sums.one, sums.reward] if model.constant else [sums.reward]
    if "bonus" in board.pieces:
        columns.append(sums.bonus)
    left = pivot if model.affine else pivot + seen.y
    right = np.stack(columns, axis=1)[known] if columns else np.zeros((int(known.sum()), 0))
    return left[known], right, known


def refine(
    scheme: Scheme, seen: Observed, model: Model, choice: Tuple[Variant, Tuple[str, ...]], rho: float, *, steps: int = 8
) -> Optional[Solution]:
    """Fit one variant fully: rho by Gauss-Newton, the rest by regression.

    First on all rows; where that does not meet them, again with unlike rows left out. (Not at once: where only the ends
    of episodes tell gamma, they are the unlike rows.)
    """
    whole = _newton(scheme, seen, model, choice, (rho, steps, 1))
    if whole is not None and (whole.share > 0.999 or whole.typical > 0.3):
        return whole  # it meets all rows, or not even the typical one
    part = _newton(scheme, seen, model, choice, (rho, steps, ROUNDS))
    found = [one for one in (whole, part) if one is not None]
    return max(found, key=lambda one: (one.share, -one.relative), default=None)


def _newton(
    scheme: Scheme,
    seen: Observed,
    model: Model,
    choice: Tuple[Variant, Tuple[str, ...]],
    course: Tuple[float, int, int],
) -> Optional[Solution]:
    """Gauss-Newton steps for rho; `course` is its start, how many steps, and the rounds of each regression."""
    rho, steps, rounds = course
    best: Optional[Solution] = None
    middle: List[float] = []
    for number in range(steps):
        board = Board(scheme, seen, model, rho, choice[1])
        solved = _solve(board, seen, choice, rounds)
        if solved is None:
            return best
        solution, step = solved
        middle.append(float(np.median(np.abs(np.nan_to_num(solution.residual, nan=np.inf)))))
        if number > 2 and solution.share < 0.5 and middle[-1] > 0.5 * min(middle[:-1]):
            return best  # it does not come nearer
        if best is None or _better(solution, best):
            best = solution
        moved = float(np.clip(rho + step, 0.0, 1.02))
        if abs(moved - rho) < 1e-10:
            break
        rho = moved
    return best


def _better(new: Solution, old: Solution) -> bool:
    return (new.share, -new.relative) > (old.share, -old.relative)


def _solve(
    board: Board, seen: Observed, choice: Tuple[Variant, Tuple[str, ...]], rounds: int
) -> Optional[Tuple[Solution, float]]:
    """Regression at the board's rho without the unlike rows, and the Gauss-Newton step for rho."""
    model = board.model
    design = _design(board, seen, *choice)
    if design is None:
        return None
    left, right, known = design
    part = replace(seen, **{name: getattr(seen, name)[known] for name in vars(seen)})
    slope = _derivative(board, seen, _first_guess(board, seen, choice), choice)[known]
    wide = np.column_stack([right, slope])
    use = np.ones(len(left), bool)
    for turn in range(rounds):
        inner = _projected(left, wide, part, use, model)
        coefficients, covariance = least_squares(*inner)
        if turn == rounds - 1:
            break
        size = np.abs(_residual(left, wide @ coefficients, part, use, model))
        now = size <= 4 * float(np.median(size)) + 1e-12
        if (now == use).all() or now.sum() < 2 * wide.shape[1] + 4:
            break
        use = now
    plain, _ = least_squares(*_projected(left, right, part, use, model))
    solution = _solution(board, seen, choice, plain, (left, right, known, use))
    noise = float(np.sqrt(np.mean((inner[0] - inner[1] @ coefficients) ** 2)))
    error = noise * float(np.sqrt(max(covariance[0, 0], 0.0))) if model.by_value else np.nan
    carried = bool(np.isfinite(covariance[-1, -1])) and bool(np.any(slope))
    return replace(solution, gamma_error=error, carries=carried), float(coefficients[-1])


def _projected(left: Array, right: Array, part: Observed, use: Array, model: Model) -> Tuple[Array, Array]:
    """Both sides on the rows in use, without what each group's scale and shift explain."""
    some = replace(part, **{name: getattr(part, name)[use] for name in vars(part)})
    return without_groups(left[use], right[use], some, np.ones(int(use.sum()), bool), model)


def _residual(left: Array, explained: Array, part: Observed, use: Array, model: Model) -> Array:
    """[rows] what is left on all rows when the groups' scales and shifts are fitted to those in use."""
    if not model.affine:
        return left - explained
    scale, shift = lines(part.y[use], (explained - left)[use], part.group[use], int(part.group.max()) + 1)
    return left + scale[part.group] * part.y + shift[part.group] - explained


@dataclass(frozen=True)
class _Numbers:
    """The coefficients of a design by their meaning, as in `Solution`."""

    reward_scale: Array
    gamma: float
    reward_shift: Array
    bonus: float


def _first_guess(board: Board, seen: Observed, choice: Tuple[Variant, Tuple[str, ...]]) -> _Numbers:
    """The numbers at the current rho, for the derivative."""
    design = _design(board, seen, *choice)
    assert design is not None, "the caller has a design"
    left, right, known = design
    coefficients, _ = least_squares(*without_groups(left, right, seen, known, board.model))
    return _numbers(board, coefficients)


def _numbers(board: Board, coefficients: Array) -> _Numbers:
    gamma, rest = (float(coefficients[0]), coefficients[1:]) if board.model.by_value else (board.rho, coefficients)
    bonus = 0.0
    if "bonus" in board.pieces:
        bonus, rest = float(rest[-1]), rest[:-1]
    if board.model.fixed_reward:
        return _Numbers(np.ones(1), gamma, np.zeros(1), bonus)
    half = len(rest) // 2 if board.model.shift or board.model.constant else 0
    return _Numbers(rest[half:], gamma, rest[:half] if half else np.zeros(1), bonus)


def _derivative(board: Board, seen: Observed, numbers: _Numbers, choice: Tuple[Variant, Tuple[str, ...]]) -> Array:
    """d(raw quantity) / d(rho) at the observed rows: S[carry * next]."""
    scale, shift = numbers.reward_scale, numbers.reward_shift
    grid, carry = board.scheme.grid, board.scheme.carry
    boot = np.zeros(carry.shape)
    for name in choice[1]:
        if name in board.pieces:
            boot = boot + np.nan_to_num(board.pieces[name])
    at = np.zeros(carry.shape, np.int64)
    if len(scale) > 1:
        of_cell = np.zeros(int(grid.cell.max()) + 1, np.int64)
        of_cell[seen.cell] = seen.update
        at = np.broadcast_to(of_cell[np.maximum(grid.cell, 0)].max(axis=0), carry.shape)  # a column has one update
    paid = np.where(grid.valid, scale[at] * grid.reward + shift[at], 0.0) + numbers.bonus * grid.bonus
    x = paid + numbers.gamma * boot
    if board.model.by_value:
        x = x - np.nan_to_num(grid.value)
    raw = discounted_sum(x, board.rho * carry)
    ahead = carry * np.concatenate([raw[1:], np.zeros_like(raw[:1])])
    if not board.model.by_value:
        ahead = ahead + boot
    return discounted_sum(ahead, board.rho * carry).ravel()[np.maximum(board.place, 0)]


def _solution(
    board: Board,
    seen: Observed,
    choice: Tuple[Variant, Tuple[str, ...]],
    coefficients: Array,
    design: Tuple[Array, Array, Array, Array],
) -> Solution:
    """Everything in units of the raw quantity, for all observed rows."""
    left, right, known, use = design
    model = board.model
    total = max(int(seen.group.max()) + 1, 1) if len(seen.group) else 1
    scale, shift = np.ones(total), np.zeros(total)
    explained = right @ coefficients
    if model.affine:
        scale, shift = lines(seen.y[known][use], (explained - left)[use], seen.group[known][use], total)
    rows = np.full(len(seen.y), np.nan)
    meant = scale[seen.group] * seen.y + shift[seen.group] if model.affine else seen.y
    rows[known] = (left + meant[known] if model.affine else left) - explained
    raw = meant - rows
    numbers = _numbers(board, coefficients)
    spread, size = spread_within(raw, seen.group), size_part(seen.value)
    return Solution(
        model=model,
        scheme=board.scheme,
        variant=choice[0],
        rho=board.rho,
        **vars(numbers),
        scale=scale,
        shift=shift,
        end=seen.end,
        residual=rows,
        raw=raw,
        tolerance=2e-4 * spread + size,
        size_part=size,
        spread=spread,
    )
