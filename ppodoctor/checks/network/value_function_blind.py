"""The critic explains nothing of the returns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import curve, span_of
from ppodoctor.measures.returns import learning
from ppodoctor.run import Run


@check(
    title="The value function explains nothing of the returns",
    fix="let the critic overfit one frozen batch: if it cannot, look at scales and shapes, if it can, at the targets",
    severity=NOTE,
    basis=RULE,
    faults=(12, 57, 48),
    needs=("explained_variance", "episodes"),
    rivals=("reward_scale_too_large", "hidden_state", "value_head_bounded"),
    refuted_by="an explained variance that rises",
    references=(
        "Stable-Baselines3: explained_variance at or below 0 is worse than no prediction",
        "Jones: residual variance",
    ),
)
def value_function_blind(run: Run, *, limit: float = 0.02, least: int = 10) -> Iterator[Evidence]:
    """Past its warm-up the critic explains no more than 2% of the variance of its targets, and the run does not learn.

    What it sees: explained variance of each update, the later two thirds; the learning status.

    Why it hurts: the advantage is then the return itself, with all its noise.

    Also looks like: this is a symptom; scales, shapes, hidden state and unlearnable targets are told apart by their own
    checks.

    Fix: see above.

    References: Stable-Baselines3 documentation; Jones.
    """
    updates, seen = curve(run, "explained_variance")
    if len(seen) < 4 or updates[-1] < least:
        return
    later = seen[len(seen) // 3 :]
    if np.median(later) <= limit and learning(run).fails:
        yield Evidence(
            f"explained variance is {np.median(later):.2g} (median of the last {len(later)} that were read; 1 is "
            "perfect, 0 blind)",
            column="explained_variance",
            span=span_of(run, "explained_variance"),
            strength=0.8,
            first_update=least,
            data={"seen": float(np.median(later)), "healthy": (0.3, 1.0)},
        )
