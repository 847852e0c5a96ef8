"""The return falls below that of random play."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import MEASURED, NOTE, Evidence, check
from ppodoctor.measures.returns import ANTI, learning
from ppodoctor.run import Run


@check(
    title="Training makes the agent worse than random play",
    fix="see whether log-probabilities rise where advantages are positive: if not, the loss has a wrong sign, "
    "if so, the reward has",
    severity=NOTE,
    basis=MEASURED,
    faults=(5, 8, 59),
    needs=("episodes",),
    rivals=("policy_loss_sign_flipped", "reward_sign_flipped", "entropy_collapsed"),
    refuted_by="a return that rises above random play later",
    references=("fault list, class A",),
)
def return_below_random(run: Run) -> Iterator[Evidence]:
    """Lately the return is clearly below random play (or the first episodes) and has not risen since the start.

    What it sees: returns by rank, against random play measured in the environment where that could be done.

    Why it hurts: it is the mark of learning in the wrong direction, or of a policy stuck on a bad action.

    Also looks like: this is a symptom; signs are read from the loss and from the rewards.

    Fix: see above.

    References: fault list, class A.
    """
    outcome = learning(run)
    if outcome.status == ANTI:
        yield Evidence(outcome.text, strength=0.9, data=dict(outcome.numbers))
