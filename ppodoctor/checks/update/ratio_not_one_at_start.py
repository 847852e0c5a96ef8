"""The ratio is not 1 before the first optimizer step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="New and old log-probability differ before anything was learned",
    fix="Evaluate the same distribution on the same observation and the same action as when acting: same mode "
    "(train or eval), same normalisation, the raw action rather than the clipped one, the same formula.",
    faults=(9, 40, 89, 92),
    needs=("minibatches",),
    tolerable=True,
    rivals=(
        "stale_samples_reused",
        "log_prob_of_another_action",
        "clipped_action_stored",
        "batch_norm_in_policy",
        "ratio_without_exp",
    ),
    explains=("steps_too_large",),
    refuted_by="A ratio of 1 on every sample of the first minibatch of an update.",
    references=("Huang et al. 2022, 37 implementation details: debugging by ratio",),
)
def ratio_not_one_at_start(run: Run, *, share: float = 0.8) -> Iterator[Evidence]:
    """In the first minibatch of an update both log-probabilities come from the same parameters, so the ratio must be 1.

    What it sees: the ratio in minibatches before the first optimizer step of an update.

    Why it hurts: the objective then compares two different distributions, and the clip acts on the difference.

    Also looks like: dropout or batch normalisation while acting, an averaged or late-synced acting network and samples
    of older rollouts give the same sign; each has its own check that says so where it can be told.

    Fix: make acting and updating evaluate the same thing.
    """
    found = [
        m
        for m in policy_minibatches(run)
        if m.in_order and m.log_ratio_size is not None and m.surrogate.form != "log_difference"
    ]
    wrong = [m for m in found if (m.log_ratio_size or 0.0) > 20 * m.rounding]
    if not wrong or len(wrong) < share * len(found):
        return
    ratio = np.asarray(wrong[0].surrogate.ratio, np.float64)
    off = float(np.mean(np.abs(ratio - 1) > 1e-3))
    yield Evidence(
        f"before any step of the update the ratio differs from 1 in {len(wrong)} of {len(found)} minibatches: mean "
        f"|r - 1| = {float(np.mean(np.abs(ratio - 1))):.3g}, {off:.0%} of samples off by more than 0.001",
        where=wrong[0].sites(next((m.surrogate.ratio_site for m in found if m.surrogate.ratio_site), None)),
        first_update=wrong[0].reading.update,
    )
