"""Invariants of the data: advantages, targets, samples, observations."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

import numpy as np

from ppodoctor.measures.credit import Fit, fit_advantages, fit_targets
from ppodoctor.measures.invariants import Answer, Test, unknown
from ppodoctor.measures.reading import readings
from ppodoctor.measures.samples import distinct_inputs, first_epochs, inputs_collapsed, sample_uses
from ppodoctor.measures.values import value_table
from ppodoctor.run import Run

ENDS = ("termination_ignored", "time_limit_read_as_death", "time_limit_bootstrapped_from_reset", "time_limit_ignored")
SHIFTED = ("done_shifted", "done_inverted")


def _one(found: Tuple[Fit, ...]) -> Optional[Fit]:
    return found[0] if found else None


def _advantages_have_spread(run: Run) -> Answer:
    fit = _one(fit_advantages(run))
    if fit is None or not fit.exact:
        return unknown("the advantages could not be fitted")
    spread, moments = fit.outcome.best.spread, fit.steps.advantage.moments
    normalised = fit.scaling.kind in ("minibatch", "batch")
    means = float(np.abs(moments[:, 0]).max()) if fit.scaling.kind == "minibatch" else 0.0
    holds = spread > 0 and means < 1e-3
    how = "normalised" if normalised else "not normalised"
    text = f"standard deviation of the advantages before normalisation: {spread:.4g}; they are {how}"
    return holds, spread, text, fit.updates[0]


def _target_is_advantage_plus_value(run: Run) -> Answer:
    advantage, target = _one(fit_advantages(run)), _one(fit_targets(run))
    if advantage is None or target is None or not (advantage.exact and target.exact):
        return unknown("advantages and targets could not both be fitted")
    best, seen, steps = advantage.outcome.best, advantage.outcome.seen, advantage.steps
    other = (steps.target.value - steps.value).ravel()[seen.cell]
    known = np.isfinite(other) & np.isfinite(best.raw)
    if not known.any():
        return unknown("no sample has both an advantage and a target")
    rest = float(np.sqrt(np.mean((other - best.raw)[known] ** 2))) / max(best.spread, 1e-12)
    text = f"target - value - advantage before normalisation: {rest:.3g} standard deviations of the advantage"
    return rest < 1e-3, rest, text, advantage.updates[0]


def _advantages_are_recomputed(run: Run) -> Answer:
    fit = _one(fit_advantages(run))
    if fit is None:
        return unknown("no advantage could be matched to environment steps")
    if not fit.exact:
        return None, fit.residual, f"no known recursion meets the advantages (best: {fit.winner})", fit.updates[0]
    wrong = [deviation.kind for deviation in fit.deviations]
    text = f"{fit.winner} leaves {fit.residual:.2g} standard deviations"
    return not wrong, fit.residual, text, fit.updates[0]


def _stored_is_reproduced(run: Run) -> Answer:
    found = []
    for update in sorted({rollout.update for rollout in run.rollouts}):
        table = value_table(run, update, readings(run))
        if table is not None and table.agreement is not None:
            found.append((table.agreement, update))
    if not found:
        return unknown("values at acting time and in the update are not both known")
    worst, at = max(found)
    text = f"values at acting time and in the first minibatch differ by {worst:.3g} of their spread at the most"
    return worst < 1e-3, worst, text, at


def _each_step_once(run: Run) -> Answer:
    found = first_epochs(run)
    if not found:
        return unknown("no first pass over a recorded rollout could be followed")
    repeated, missing = sum(e.repeated for e in found), sum(e.missing for e in found)
    samples = sum(e.samples for e in found)
    # steps of an evaluation in between are missing too, in some updates
    bad = [e.update for e in found if e.repeated or (e.missing and all(one.missing for one in found))]
    text = f"in {len(found)} first passes {repeated} of {samples} samples repeat a step; {missing} steps are missing"
    return not bad, repeated / max(samples, 1), text, (bad or [found[0].update])[0]


def _targets_at_ends(run: Run) -> Answer:
    fit = _one(fit_targets(run)) or _one(fit_advantages(run))
    if fit is None or not fit.exact:
        return unknown("neither targets nor advantages could be fitted")
    ends = fit.steps.end.ravel()[fit.outcome.seen.cell]
    if not ends.any():
        return unknown("no episode ended in the samples that were read")
    bad = [one for one in fit.deviations if one.kind in (*ENDS, *SHIFTED)]
    rest = np.abs(fit.outcome.best.residual[ends])
    off = float(np.nanmax(rest)) if np.isfinite(rest).any() else 0.0
    text = f"{int(ends.sum())} ends of episodes: " + ("as they should be" if not bad else fit.winner)
    return not bad, off, text, min((one.first_update for one in bad), default=fit.updates[0])


def _no_inserted_rows(run: Run) -> Answer:
    uses = sample_uses(run)
    if not uses:
        return unknown("no minibatch could be matched to environment steps")
    rows, total = sum(int(use.filler.sum()) for use in uses), sum(len(use.filler) for use in uses)
    first = next((use.reading.update for use in uses if use.filler.any()), uses[0].reading.update)
    return rows == 0, rows / max(total, 1), f"{rows} of {total} samples are rows that auto-reset inserted", first


def _environments_differ(run: Run) -> Answer:
    several = [r for r in run.rollouts if np.asarray(r.obs).ndim == 3 and np.asarray(r.obs).shape[1] > 1]
    if not several:
        return unknown("only one environment at a time")
    same = 0
    for rollout in several:
        obs = np.asarray(rollout.obs)
        pairs = np.abs(obs[:, :, None] - obs[:, None, :]).max(axis=(0, 3)) if obs.size < 2_000_000 else np.ones((1, 1))
        same += int((pairs == 0).sum() - len(pairs)) // 2 if pairs.size > 1 else 0
    text = f"{same} pairs of environments went through the same observations"
    return same == 0, float(same), text, several[0].update


def _observations_kept(run: Run) -> Answer:
    found = distinct_inputs(run)
    if not found:
        return unknown("no policy inputs could be compared with recorded observations")
    share = min(one.distinct / max(one.expected, 1e-9) for one in found)
    text = f"different inputs in a minibatch against those expected from its rollout: {share:.2f} at the least"
    return not inputs_collapsed(run), share, text, found[0].update


TESTS: Dict[str, Tuple[str, Test]] = {
    "I3": ("Advantages have a spread, and normalised ones mean 0 and standard deviation 1", _advantages_have_spread),
    "I4": ("The value target is advantage plus value", _target_is_advantage_plus_value),
    "I5": ("The advantages follow from rewards, values and ends", _advantages_are_recomputed),
    "I6": ("Evaluating again what was stored gives the same values", _stored_is_reproduced),
    "I9": ("Every step is used once per pass", _each_step_once),
    "I10": ("Targets at ends are the reward, at time limits the reward plus the final value", _targets_at_ends),
    "I11": ("No row that auto-reset inserted is trained on", _no_inserted_rows),
    "I14": ("Environments side by side differ", _environments_differ),
    "I15": ("Stored observations do not change", _observations_kept),
}
