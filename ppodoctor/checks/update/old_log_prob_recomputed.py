"""The old log-probability comes from the policy that is being updated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import PolicyMinibatch, policy_minibatches
from ppodoctor.run import Run


@check(
    title="The old log-probability is recomputed with the current policy, so the ratio is always 1",
    fix="Store log_prob (detached) when the action is taken and reuse it for every epoch.",
    faults=(1,),
    needs=("minibatches",),
    explains=(
        "parameters_never_move",
        "policy_frozen",
        "policy_stays_uniform",
        "learning_rate_too_low",
        "parameters_never_move",
        "ratio_without_old_policy",
        "steps_too_large",
        "entropy_collapsed",
    ),
    rivals=("learning_rate_too_low", "learning_rate_zero", "advantage_broadcast"),
    refuted_by="A ratio that differs from 1 after an optimizer step moved the policy.",
)
def old_log_prob_recomputed(run: Run) -> Iterator[Evidence]:
    """The denominator of the ratio is evaluated with the network that is being trained.

    What it sees: after optimizer steps that moved the policy's parameters, every log-ratio is still exactly 0; or the
    denominator carries a gradient itself.

    Why it hurts: nothing is ever clipped, so repeated epochs are unlimited policy-gradient steps; if the denominator
    also carries a gradient, both cancel and the policy does not move at all.

    Also looks like: a frozen policy (learning rate 0, no gradient) has ratio 1 as well; there the parameters do not
    move.

    Fix: keep the log-probability from acting time.
    """
    found = policy_minibatches(run)
    attached = [m for m in found if m.surrogate.old_has_grad]
    if attached:
        where = attached[0].sites(next((m.surrogate.ratio_site for m in attached if m.surrogate.ratio_site), None))
        yield Evidence(
            f"the ratio's denominator carries a gradient in {len(attached)} policy losses read",
            where=where,
            first_update=attached[0].reading.update,
        )
        return
    later = [m for m in found if not m.in_order and m.log_ratio_size is not None]
    stuck = [m for m in later if (m.log_ratio_size or 0.0) <= 0.1 * m.rounding]
    if len(stuck) >= 2 and len(stuck) == len(later) and _policy_moved(run, stuck):
        where = stuck[0].sites(next((m.surrogate.ratio_site for m in found if m.surrogate.ratio_site), None))
        yield Evidence(
            f"every ratio is exactly 1 in {len(stuck)} minibatches read after optimizer steps that moved the policy",
            where=where,
            first_update=stuck[0].reading.update,
        )


def _policy_moved(run: Run, stuck: list[PolicyMinibatch]) -> bool:
    """Did the policy's parameters change? Only then is a ratio of 1 wrong."""
    indices = set(stuck[0].reading.policy_parameters)
    moved = [p.moved for p in run.parameters if p.index in indices and p.moved is not None]
    if run.parameters and any(p.index in indices for p in run.parameters):
        return any(moved)
    sizes = [m.facts.get("update_size") for m in stuck]
    return bool(np.nanmax([s for s in sizes if isinstance(s, float)] or [0.0]) > 1e-7)
