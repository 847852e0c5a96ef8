"""The untrained policy is already sure of itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, RULE, Evidence, check
from ppodoctor.measures.loss import PolicyHead
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run

_MASKED = 1e4
"""Logits that are further below the largest are masks, not preferences."""


@check(
    title="The untrained policy already prefers some actions",
    fix="initialise the policy's last layer 100 times smaller: orthogonal_(head.weight, gain=0.01)",
    basis=RULE,
    tolerable=True,
    faults=(83,),
    needs=("minibatches",),
    explains=("entropy_collapsed", "action_range_mismatched"),
    rivals=("observations_unscaled", "learning_rate_too_high"),
    refuted_by="a first entropy above 90% of its maximum",
    references=(
        "Andrychowicz et al. 2021: last policy layer 100 times smaller",
        "37 implementation details: gain 0.01",
    ),
)
def policy_head_not_small(
    run: Run, *, share: float = 0.8, certain: float = 0.3, spread: float = 0.5
) -> Iterator[Evidence]:
    """Before the first optimizer step the entropy is under 80% of its maximum, or the means differ from state to state.

    What it sees: the distribution in the very first minibatch, before any step. Discrete actions: the entropy; under
    30% is beyond habit: scaled inputs or the initialisation are wrong. Continuous ones: the spread of the means over
    the samples, which a small last layer leaves at a hundredth of the standard deviation; above a half is noted.

    Why it hurts: exploration is lopsided from the start, and the first advantages are about few actions.

    Also looks like: observations that are not scaled (then the first layer's input is large).

    Fix: see above.

    References: Andrychowicz et al. 2021; 37 implementation details; fault 83.
    """
    for one in [r for r in policy_readings(run) if r.version == 0 and r.head is not None][:1]:
        assert one.head is not None, "chosen by it"
        sure = _entropy_share(one.head)
        if sure is not None and sure < share:
            yield Evidence(
                f"before any training the entropy is {sure:.0%} of its maximum (usual is above 95%)",
                strength=0.9 if sure < certain else 0.5,
                basis=MEASURED if sure < certain else RULE,
                first_update=1,
                data={"seen": sure, "healthy": (0.9, 1.0)},
            )
        apart = _spread_of_means(one.head)
        if apart is not None and apart > spread:
            yield Evidence(
                f"before any training the mean action differs from state to state by {apart:.2g} standard deviations "
                "of the policy (usual is about 0.01)",
                strength=0.5,
                first_update=1,
                data={"seen": apart, "healthy": (0.0, 0.2)},
            )


def _entropy_share(head: PolicyHead) -> float | None:
    """Entropy over that of the uniform policy, of a discrete policy."""
    logits = np.asarray(head.logits if head.logits is not None else (), float)
    if logits.ndim < 2 or logits.shape[-1] < 2 or np.isnan(logits).any():
        return None
    rows = logits.reshape(-1, logits.shape[-1])
    allowed = (rows > rows.max(1, keepdims=True) - _MASKED).sum(1)  # the others are masked: no policy chooses them
    free = allowed > 1
    entropy = -(np.exp(rows) * np.where(np.exp(rows) > 0, rows, 0.0)).sum(1)
    return float((entropy[free] / np.log(allowed[free])).mean()) if free.any() else None


def _spread_of_means(head: PolicyHead) -> float | None:
    """How far a continuous policy's means differ over the samples, in standard deviations; the widest component."""
    if head.mean is None or head.std is None:
        return None
    mean, std = np.asarray(head.mean, float), np.asarray(head.std, float)
    if mean.ndim < 2 or len(mean) < 16 or not (np.isfinite(mean).all() and np.isfinite(std).all()):
        return None
    means = mean.reshape(-1, mean.shape[-1]).std(0)
    widths = np.broadcast_to(std, mean.shape).reshape(-1, mean.shape[-1]).mean(0)
    return float(np.max(means / np.maximum(widths, 1e-12)))
