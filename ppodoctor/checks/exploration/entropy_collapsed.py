"""The policy has become deterministic before it was any good."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import curve
from ppodoctor.measures.returns import learning
from ppodoctor.run import Run


@check(
    title="The policy settled on one action before it had learned",
    fix="slow the policy down (learning rate, epochs), normalise the advantages, raise the entropy coefficient to 0.01",
    basis=MEASURED,
    faults=(77,),
    needs=("entropy_share", "episodes"),
    explains=("policy_frozen", "one_action_dominates"),
    rivals=("learning_rate_too_high", "entropy_sign_flipped", "idle_policy_wins"),
    refuted_by="a return near the best that the task allows",
    treatments=("entropy_coefficient=0.01", "learning_rate*0.3"),
    references=("Schulman, nuts and bolts: premature determinism", "rldoctor: entropy below 10% of its start"),
)
def entropy_collapsed(run: Run, *, left: float = 0.1, within: float = 0.5, least: int = 3) -> Iterator[Evidence]:
    """Entropy falls below a tenth of its start, stays there, and the return is not near its best.

    What it sees: entropy over its maximum, per update, and the returns: they are flat, below random play, or have lost
    most of what had been gained. A policy that is sure because it has learned does not count.

    Why it hurts: a policy that always does the same meets nothing new; its gradient vanishes with its entropy.

    Also looks like: this is often a consequence. Steps that are too large, an entropy bonus with the wrong sign, a
    reward that pays for doing nothing: these are looked at first.

    Fix: see above.

    References: Schulman; rldoctor; fault 77.
    """
    updates, share = curve(run, "entropy_share")
    if len(share) < least:
        return
    start, late = float(share[: min(3, len(share) // 3)].mean()), float(np.median(share[-max(1, len(share) // 4) :]))
    low = np.flatnonzero(share < left * start)
    if not len(low) or late > left * start or updates[low[0]] > within * updates[-1]:
        return
    outcome = learning(run)
    if outcome.fails:
        yield Evidence(
            f"entropy falls from {start:.0%} to {late:.1%} of its maximum (below a tenth from update "
            f"{updates[low[0]]} on) while {outcome.text}",
            column="entropy_share",
            span=(int(updates[low[0]]), int(updates[-1])),
            strength=0.85,
            first_update=int(updates[low[0]]),
            data={"seen": late, "healthy": (0.1, 1.0)},
        )
