"""Nearly every step takes the same action, and the run does not learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import curve, span_of
from ppodoctor.measures.returns import learning
from ppodoctor.run import Run


@check(
    title="The agent has come to take one and the same action",
    fix="slow the policy down (learning rate, epochs), normalise the advantages, raise the entropy coefficient to 0.01",
    basis=MEASURED,
    faults=(77, 79),
    needs=("action_mode_share", "episodes"),
    rivals=("entropy_collapsed", "idle_policy_wins", "learning_rate_too_high"),
    refuted_by="a return near the best that the task allows",
    treatments=("entropy_coefficient=0.01", "learning_rate*0.3"),
    references=("RLExplorer: one action in 80% of the steps", "reward-scope: in 90%"),
)
def one_action_dominates(run: Run, *, share: float = 0.97, before: float = 0.85, least: int = 6) -> Iterator[Evidence]:
    """The most frequent action has risen to over 97% of the steps while the return is flat, falls, or was lost.

    What it sees: the share of the most frequent discrete action in each rollout, and the returns. It must have been
    below 85% at the start: an environment with few decisions does not count.

    Why it hurts: what is never tried is never compared; the gradient vanishes with the entropy.

    Also looks like: this is often a consequence of steps that are too large, of a wrong sign, or of a reward that pays
    for doing nothing. A policy that is right to do the same always has a return near its best.

    Fix: see above.

    References: RLExplorer; reward-scope; Schulman on premature determinism; faults 77, 79.
    """
    updates, seen = curve(run, "action_mode_share")
    if len(seen) < least:
        return
    start, late = float(np.median(seen[:2])), float(np.median(seen[-max(3, len(seen) // 4) :]))
    outcome = learning(run)
    if start < before and late > share and outcome.fails:
        since = int(updates[np.flatnonzero(seen > share)[0]])
        yield Evidence(
            f"one action is taken in {late:.1%} of the steps ({start:.0%} at first) while {outcome.text}",
            column="action_mode_share",
            span=span_of(run, "action_mode_share", since),
            strength=0.8,
            first_update=since,
            data={"seen": late, "healthy": (0.0, 0.9)},
        )
