"""The policy is as random as on the first day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import curve, span_of
from ppodoctor.measures.returns import learning
from ppodoctor.run import Run


@check(
    title="The policy stays uniformly random",
    fix="see what holds it there: a reward without signal, an entropy bonus that outweighs it, steps that are "
    "too small",
    severity=NOTE,
    basis=RULE,
    faults=(56, 58, 67, 70),
    needs=("entropy_share", "episodes"),
    rivals=("reward_never_met", "entropy_bonus_too_large", "learning_rate_too_low"),
    refuted_by="a return above that of random play",
    references=("Jones: relative entropy near 1 for long means that nothing is learned",),
)
def policy_stays_uniform(run: Run, *, share: float = 0.97, least: int = 10) -> Iterator[Evidence]:
    """After many updates entropy is still above 97% of its maximum and the return has not moved.

    What it sees: entropy over its maximum, the later half; the trend of returns.

    Why it hurts: it is the mark of a run in which nothing pushes the policy.

    Also looks like: this is a symptom; its rivals are told apart by the reward's spread, the coefficient of the entropy
    and the size of the steps.

    Fix: see above.

    References: Jones.
    """
    updates, seen = curve(run, "entropy_share")
    if len(seen) < 4 or updates[-1] < least or np.median(seen[len(seen) // 2 :]) < share or not learning(run).fails:
        return
    yield Evidence(
        f"entropy is at {np.median(seen[len(seen) // 2 :]):.1%} of its maximum after {updates[-1]} updates",
        column="entropy_share",
        span=span_of(run, "entropy_share"),
        strength=0.8,
        first_update=least,
    )
