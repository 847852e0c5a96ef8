"""Search over the families of variants: the common ways first, stopping at the first that explains the numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator, List, Optional, Sequence

import numpy as np

from ppodoctor.measures.credit_fit import ENOUGH, Outcome, attempt
from ppodoctor.measures.credit_grid import grid_of, turned, with_reward
from ppodoctor.measures.credit_model import Model, Observed
from ppodoctor.measures.credit_regress import local_fit
from ppodoctor.measures.credit_table import Consumed, Steps
from ppodoctor.measures.credit_variants import Scheme, Variant, shifted_schemes, time_schemes, wrong_way_schemes

Array = Any
Build = Callable[[Steps], List[Scheme]]

FEWEST = 12
"""Rows below which nothing is fitted."""
MOST = 6000
"""Rows used in a fit; more are thinned evenly."""
SMALL = 1500
"""Cells on which rare families are tried; only one that comes near there is fitted to all."""
HINTS = 0.25
"""Share of rows met to rounding from which an explanation is near: it misses whatever a few places reach."""


@dataclass(frozen=True)
class Stage:
    """A family of variants, and the models to try on it."""

    build: Build
    models: Sequence[Model]


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
    return Observed(
        cell=cell,
        end=steps.end.ravel()[cell],
        y=quantity.value.ravel()[cell],
        group=group,
        update=update,
        value=steps.value.ravel()[cell],
    )


def explain(
    steps: Steps,
    quantity: str,
    forms: Sequence[str],
    hint: Optional[Outcome] = None,
    *,
    usual: Optional[Outcome] = None,
    rare: bool = True,
) -> Optional[Outcome]:
    """Fit a quantity ("advantage" or "target") under every variant, or only under the usual ones.

    What explained another quantity of the same steps, `hint`, is tried first; what the usual variants gave here before,
    `usual`, is not computed again.
    """
    seen = observe(steps, getattr(steps, quantity))
    if seen is None:
        return None
    starts = ([] if hint is None else [hint.best.rho]) + _local_rho(steps, getattr(steps, quantity))
    best = usual if hint is None else _as_hinted(hint, seen, forms)
    tried = _usual_forms(forms, seen)
    paid = steps.reward[steps.valid]
    varied = float(np.std(paid)) > 1e-6 * float(np.abs(paid).max())  # a constant reward cannot be told from a shift
    models = _models(tried[:2], seen, varied)
    if usual is None and (best is None or best.best.share < ENOUGH):
        straight = _straight(steps)
        for model in [*(_plainer(model) for model in models if model.constant), *models]:
            best = _better(best, attempt(straight, seen, model, starts))
            if best is not None and best.best.share >= ENOUGH:
                break
    if not rare or (best is not None and best.best.share >= ENOUGH):
        return best
    small = _reduced(steps, quantity)
    few = observe(small, getattr(small, quantity))
    for stage in _rare_stages(steps, models, _models(tried[2:], seen, varied)):
        for model in stage.models:
            found = None if few is None else attempt(stage.build(small), few, model, starts, best)
            if found is None or found.best.share < max(HINTS, 0.0 if best is None else best.best.share):
                continue
            schemes = stage.build(steps)
            best = _better(best, attempt(schemes, seen, model, [found.best.rho]))
            if best is not None and best.best.share >= ENOUGH:
                plain = attempt(schemes, seen, _plainer(model), [best.best.rho]) if model.constant else None
                return best if plain is None or plain.best.share < best.best.share else plain
    return best


def _plainer(model: Model) -> Model:
    """Without a constant that was added to rewards.

    Where these are the same but at a few ends, a constant and their scale are one unknown for every end too many: then
    any number can be explained there.
    """
    return model if model.shift else replace(model, constant=False)


def _better(old: Optional[Outcome], new: Optional[Outcome]) -> Optional[Outcome]:
    return new if old is None or (new is not None and new.best.share > old.best.share + 0.02) else old


def _as_hinted(hint: Outcome, seen: Observed, forms: Sequence[str]) -> Optional[Outcome]:
    """Try the family that explained the other quantity, when that was a rare one."""
    if hint.best.share < ENOUGH:
        return None
    usual = Variant()
    rare = [name for name in ("mask", "along", "reward") if getattr(hint.best.variant, name) != getattr(usual, name)]
    if not rare and not hint.best.model.shift:
        return None
    family = list({id(scheme): scheme for scheme, _, _ in hint.candidates}.values())
    model = _models(forms[:1], seen, hint.best.model.constant)[0]
    return attempt(family, seen, replace(model, shift=hint.best.model.shift), [hint.best.rho])


def _usual_forms(forms: Sequence[str], seen: Observed) -> List[str]:
    """Forms in the order to try: without values only those that do without."""
    by_value = float(np.isfinite(seen.value).mean()) > 0.5
    if not by_value:
        return [f for f in forms if f == "mc_return"]
    return [f for f in forms if not f.startswith("mc")] + [f for f in forms if f.startswith("mc")]


def _straight(steps: Steps) -> List[Scheme]:
    return list(time_schemes(grid_of(steps)))


_OTHER_REWARDS = (
    "previous",
    "next",
    "clipped",
    "sign",
    "raw",
    "neighbour_up",
    "neighbour_down",
    "end_replaced",
    "death_replaced",
    "end_added",
    "death_added",
)


def _rare_stages(steps: Steps, models: Sequence[Model], others: Sequence[Model]) -> Iterator[Stage]:
    """Families of variants with the models to try on them, the commoner first."""
    plain = models[:1]  # most are tried on the commonest model only
    yield Stage(lambda table: list(shifted_schemes(grid_of(table))), models[:2])
    if models and models[0].constant:
        yield Stage(_straight, [replace(model, shift=True) for model in plain])
    for kind in _OTHER_REWARDS:
        grid = grid_of(steps)
        other = with_reward(grid, kind, steps)
        changed = other.bonus.any() or not np.array_equal(other.reward, grid.reward)
        if changed and np.isfinite(other.reward[grid.valid]).any():
            yield Stage(_Paid(kind), plain)
    yield Stage(lambda table: list(wrong_way_schemes(turned(table))), models[:2])
    yield Stage(_straight, others)


@dataclass(frozen=True)
class _Paid:
    """Builds the usual schemes with another reward."""

    kind: str

    def __call__(self, steps: Steps) -> List[Scheme]:
        grid = grid_of(steps)
        other = with_reward(grid, self.kind, steps)
        return [
            replace(scheme, grid=other, variants=tuple((replace(v, reward=self.kind), n) for v, n in scheme.variants))
            for scheme in time_schemes(grid)
        ]


def _reduced(steps: Steps, quantity: str) -> Steps:
    """Some whole updates of the table, those with most ends of episodes first, about `SMALL` cells with numbers."""
    owners = steps.update_of_column
    value = getattr(steps, quantity).value
    ends = {int(u): int((steps.end[:, owners == u]).sum()) for u in np.unique(owners)}
    chosen: List[int] = []
    for update in sorted(ends, key=lambda u: (-ends[u], u)):
        chosen.append(update)
        if np.isfinite(value[:, np.isin(owners, chosen)]).sum() >= SMALL:
            break
    return steps.only(np.flatnonzero(np.isin(owners, chosen)))


def _models(forms: Sequence[str], seen: Observed, varied: bool) -> List[Model]:
    """Advantages are mostly normalised and targets mostly not; a scale of 1 is a case of an unknown one."""
    rows = len(seen.y) / max(len(np.unique(seen.group)), 1)
    order = {"advantage": (True,) if rows >= 24 else (False, True)}
    return [Model(form, affine, varied) for form in forms for affine in order.get(form, (False, True))]


def _local_rho(steps: Steps, quantity: Consumed) -> List[float]:
    """gamma * lambda from neighbouring rows, where enough were seen."""
    found = local_fit(steps, quantity)
    return [] if found is None else [float(np.clip(found.rho, 0.0, 1.0))]


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


def cut_by_question(steps: Steps) -> Optional[Array]:
    """[T, E] terminations whose final state the script asked its critic about; None unless these are only some."""
    if (steps.cut & ~steps.tail).any():
        return None
    ends = steps.terminated & ~steps.tail
    asked = ends & np.isfinite(steps.successor)
    return np.asarray(asked) if asked.any() and (ends & ~asked).any() else None


def cuts_in_reward(outcome: Optional[Outcome], steps: Steps) -> Optional[Steps]:
    """The table with the final state's discounted value in the reward of each time limit, which then is an end.

    Scripts add it there before they scale or centre their rewards, so that it is scaled and centred with them. Rests on
    the gamma of an outcome that meets the steps far from time limits; None without one.
    """
    if outcome is None or not steps.cut.any() or not HINTS <= outcome.best.met < ENOUGH or not outcome.best.gamma > 0:
        return None
    added = np.where(steps.cut, _factor(outcome, steps) * steps.successor, 0.0)
    ends = steps.terminated | steps.cut
    return replace(steps, reward=steps.reward + added, terminated=ends, cut=np.zeros_like(ends))


def _factor(outcome: Outcome, steps: Steps) -> float:
    """What a final value was multiplied with: gamma, or another number that most targets at time limits agree on."""
    gamma, target = outcome.best.gamma, steps.target.value
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (target - float(outcome.best.reward_scale[0]) * steps.reward) / steps.successor
    found = found[steps.cut & np.isfinite(found)]
    if outcome.best.model.affine or outcome.best.model.shift or len(found) < 4:
        return gamma
    middle = float(np.median(found))
    return middle if (np.abs(found - middle) < 1e-3).mean() > 0.5 and 0.0 < middle <= 1.0 else gamma
