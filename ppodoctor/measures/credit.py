"""How the script turns rewards and values into advantages and value targets: fitted to what its loss consumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.credit_deviations import Deviation, deviations_of
from ppodoctor.measures.credit_fit import ENOUGH, Outcome, predictions
from ppodoctor.measures.credit_normalise import Normalisation, normalisation_of
from ppodoctor.measures.credit_regress import lines
from ppodoctor.measures.credit_search import cut_by_question, cut_by_script, cuts_in_reward, explain
from ppodoctor.measures.credit_table import Steps, build_steps
from ppodoctor.measures.credit_words import describe
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.reward_scaling import with_scaled_rewards
from ppodoctor.measures.samples import agreement_of, uses_of
from ppodoctor.measures.values import value_table
from ppodoctor.run import Run

Array = Any

UPDATES = 4
"""Updates that are fitted together."""
EXACT_SHARE = 0.95
FAR = 0.3
"""Residual, in standard deviations, above which the few rows that are not met are too far off to be an accident."""
ADVANTAGE_FORMS = ("advantage", "return", "mc_advantage", "mc_return")
TARGET_FORMS = ("return", "advantage", "mc_return", "mc_advantage")


@dataclass(frozen=True)
class Fit:
    """A fitted recursion: what the script does, by its numbers."""

    what: str
    """advantages or targets."""
    winner: str
    """The variant in words."""
    residual: float
    """Root mean square over the rows seen, in standard deviations of the quantity before normalisation."""
    runner_up: str
    """The best variant that the rows tell from the winner; empty when there is none."""
    runner_up_residual: float
    gamma: Optional[float]
    """None when these rows do not determine it."""
    lam: Optional[float]
    normalisation: str
    rows: int
    """Samples that were matched to environment steps."""
    explained: float
    """Share of them met to rounding."""
    exact: bool
    """The winner meets the numbers to rounding, and no variant that these rows can tell from it does."""
    form: str
    """advantage, return, mc_return or mc_advantage (see `credit_model.Model`)."""
    reward_scale: float
    """What rewards were multiplied with (mean over updates)."""
    reward_shift: float
    """What was added to each reward (mean over updates)."""
    indistinguishable: Tuple[str, ...]
    """Variants that differ only where these rows show nothing."""
    deviations: Tuple[Deviation, ...]
    """What the winner does that is not right, each with the rows that prove it; empty unless exact."""
    updates: Tuple[int, ...]
    knows_limit: bool
    """The script bootstraps at time limits that its environment does not tell from terminations."""
    scaling: Normalisation
    outcome: Outcome
    steps: Steps

    @property
    def scaling_unknown(self) -> bool:
        """The numbers are known up to a scale only, so that the scale of the rewards is not."""
        return self.outcome.best.model.affine

    def met_with(self, gamma: float, lam: float) -> float:
        """Share of the samples that the winner would meet as well with another gamma and lambda."""
        best, seen = self.outcome.best, self.outcome.seen
        own = [one for one in self.outcome.candidates if one[0] is best.scheme and one[1] == best.variant]
        if not own:
            return 0.0
        given = predictions(replace(best, gamma=gamma, rho=gamma * lam), own[:1], seen)[0]
        known = np.isfinite(given) & np.isfinite(best.raw)
        raw, given, group = best.raw[known], given[known], seen.group[known]
        if best.model.affine and len(raw):
            scale, shift = lines(raw, given, group, int(group.max()) + 1)
            raw = scale[group] * raw + shift[group]
        return float((np.abs(given - raw) <= 3 * best.tolerance).mean()) if len(raw) else 0.0

    @property
    def actual(self) -> Array:
        """[rows] the numbers as the loss used them."""
        return self.outcome.seen.y

    @property
    def fitted(self) -> Array:
        """[rows] the numbers as the winner gives them, normalised like the actual ones; NaN where unknown."""
        best, seen = self.outcome.best, self.outcome.seen
        if not best.model.affine:
            return best.raw
        return (best.raw - best.shift[seen.group]) / best.scale[seen.group]


def fit_advantages(run: Run) -> Tuple[Fit, ...]:
    """The recursion behind the advantages that the surrogate used; empty when too little was recorded."""
    return tuple(fit for fit in _fits(run) if fit.what == "advantages")


def fit_targets(run: Run) -> Tuple[Fit, ...]:
    """The recursion behind the targets of the value loss; empty when too little was recorded."""
    return tuple(fit for fit in _fits(run) if fit.what == "targets")


@lru_cache(maxsize=8)
def _fits(run: Run) -> Tuple[Fit, ...]:
    from ppodoctor.measures.reading import readings

    return fit_readings(run, readings(run))


@lru_cache(maxsize=8)
def steps_of(run: Run) -> Optional[Steps]:
    """The steps that the fits of a run rest on, with what was consumed of them."""
    from ppodoctor.measures.reading import readings

    return steps_of_readings(run, readings(run))


def steps_of_readings(run: Run, readings: Sequence[LossReading]) -> Optional[Steps]:
    """The same for given readings."""
    updates = _chosen(run, readings)
    steps = build_steps(run, updates, readings) if updates else None
    return None if steps is None else with_scaled_rewards(run, steps)


def fit_readings(run: Run, readings: Sequence[LossReading]) -> Tuple[Fit, ...]:
    """Fit targets, then advantages, of the given readings of a run."""
    told = steps_of_readings(run, readings)
    if told is None or _misplaced(run, readings):
        return ()
    steps, targets = _targets(told)
    advantages = explain(steps, "advantage", ADVANTAGE_FORMS, targets)
    fitted = []
    for what, outcome in (("advantages", advantages), ("targets", targets)):
        if outcome is not None:
            fit = _fit(what, outcome, steps)
            fitted.append(replace(fit, knows_limit=fit.exact and steps is not told and not told.cut[~told.tail].any()))
    return tuple(fitted)


def _targets(steps: Steps) -> Tuple[Steps, Optional[Outcome]]:
    """The explanation of the targets, with time limits that only the script knows told from terminations."""
    plain = explain(steps, "target", TARGET_FORMS, rare=False)
    if plain is None or plain.best.share >= ENOUGH:
        return steps, plain
    tables: List[Steps] = [steps]
    usual: List[Optional[Outcome]] = [plain]
    for cuts in (cut_by_question(steps), cut_by_script(plain, steps)):
        if cuts is not None and not any(np.array_equal(steps.cut | cuts, table.cut) for table in tables):
            tables.append(replace(steps, terminated=steps.terminated & ~cuts, cut=steps.cut | cuts))
            usual.append(found := explain(tables[-1], "target", TARGET_FORMS, rare=False))
            if found is not None and found.best.share >= ENOUGH:
                return tables[-1], found
            folded = cuts_in_reward(found, tables[-1])
            inside = None if folded is None else explain(folded, "target", TARGET_FORMS, rare=False)
            if folded is not None and inside is not None and inside.best.share >= ENOUGH:
                return folded, inside
    number = min(1, len(tables) - 1)
    chosen, found = tables[number], explain(tables[number], "target", TARGET_FORMS, usual=usual[number])
    folded = cuts_in_reward(found, chosen)
    inside = None if folded is None else explain(folded, "target", TARGET_FORMS)
    if folded is not None and inside is not None and inside.best.share >= ENOUGH:
        return folded, inside
    return chosen, found


def _misplaced(run: Run, readings: Sequence[LossReading]) -> bool:
    """Do samples hold the action of the step beside their observation? Then their steps are not where they seem."""
    found = agreement_of(run, uses_of(run, readings))
    return found is not None and found.here < 0.9 and max(found.before, found.after) > 0.9


def _chosen(run: Run, readings: Sequence[LossReading]) -> List[int]:
    """Updates with steps and minibatches; those whose values are known, of them the first two and those with cuts."""
    read = {r.update for r in readings}
    known = sorted({rollout.update for rollout in run.rollouts if rollout.update in read})
    if len(known) > 1:
        tables = {update: value_table(run, update, readings) for update in known[:12]}
        full = [update for update, table in tables.items() if table is not None and table.known > 0.9]
        known = full or known
    cuts = {update: sum(int(np.sum(r.truncated)) for r in run.rollouts if r.update == update) for update in known}
    later = sorted(known[2:], key=lambda update: (-min(cuts[update], 3), update))
    return sorted(known[:2] + later[: UPDATES - 2])


def _fit(what: str, outcome: Outcome, steps: Steps) -> Fit:
    best, seen = outcome.best, outcome.seen
    exact = best.share >= EXACT_SHARE and (outcome.runner_up_share < best.share or _same_fault(outcome))
    unknowns = 3 + (2 * len(np.unique(seen.group)) if best.model.affine else 0)
    exact = exact and len(seen.y) > 2 * unknowns and best.relative < FAR
    gamma, lam = _discounts(outcome)
    scaling = normalisation_of(outcome, steps.advantage if what == "advantages" else steps.target)
    second = "" if outcome.runner_up is None else describe(outcome.runner_up, best.model.form, None, None)
    return Fit(
        what=what,
        winner=describe(best.variant, best.model.form, gamma, lam),
        residual=best.relative,
        runner_up=second,
        runner_up_residual=outcome.runner_up_residual,
        gamma=gamma,
        lam=lam,
        normalisation=scaling.words,
        rows=len(seen.y),
        explained=best.met,
        exact=exact,
        form=best.model.form,
        reward_scale=float(np.mean(best.reward_scale)),
        reward_shift=float(np.mean(best.reward_shift)),
        indistinguishable=tuple(describe(v, best.model.form, None, None) for v in outcome.same),
        deviations=deviations_of(what, outcome, steps) if exact else (),
        updates=tuple(sorted({int(update) for update in steps.update_of_column})),
        knows_limit=False,
        scaling=scaling,
        outcome=outcome,
        steps=steps,
    )


def _same_fault(outcome: Outcome) -> bool:
    """Does the runner-up differ only in what stands before the first row?"""
    one, other = outcome.best.variant, outcome.runner_up
    return other is not None and replace(other, mask=one.mask) == one and _shift(one.mask) == _shift(other.mask)


def _shift(mask: str) -> str:
    return mask.replace("rolled", "previous")


def _discounts(outcome: Outcome) -> Tuple[Optional[float], Optional[float]]:
    """gamma and lambda, rounded to what the rows determine."""
    best = outcome.best
    most = 6 if best.met == 1.0 else 4
    if not best.model.by_value:
        return _rounded(best.rho, 1e-6, most), 1.0
    if not np.isfinite(best.gamma_error) or best.gamma_error > 0.01 or best.gamma <= 0:
        return None, None
    if best.carries and best.rho > 1.1 * best.gamma:
        return None, None  # a lambda above 1: what is bootstrapped here tells nothing of gamma
    lam = _rounded(best.rho / best.gamma, best.gamma_error, most) if best.carries else None
    return _rounded(best.gamma, best.gamma_error, most), lam


def _rounded(number: float, error: float, most: int) -> float:
    return float(round(number, int(np.clip(-np.log10(max(4 * error, 1e-7)), 1, most))))
