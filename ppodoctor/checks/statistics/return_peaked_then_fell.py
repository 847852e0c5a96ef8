"""The return had risen and is lost again."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import MEASURED, NOTE, Evidence, check
from ppodoctor.measures.returns import COLLAPSED, learning
from ppodoctor.run import Run


@check(
    title="The return rose and then collapsed",
    fix="let the learning rate fall to 0 over the run, use fewer epochs, keep the best checkpoint",
    severity=NOTE,
    basis=MEASURED,
    faults=(66, 86, 98),
    needs=("episodes",),
    rivals=("learning_rate_too_high", "plasticity_lost", "too_many_epochs"),
    refuted_by="a return that comes back by itself",
    references=("fault list, class P",),
)
def return_peaked_then_fell(run: Run) -> Iterator[Evidence]:
    """More than half of what had been gained over the start is gone again, clearly.

    What it sees: the best stretch of episodes against the last ones, by rank.

    Why it hurts: the policy that is kept is not the best one.

    Also looks like: this is a symptom: steps that are too large, lost plasticity, a schedule, a changed task.

    Fix: see above.

    References: fault list, class P.
    """
    outcome = learning(run)
    if outcome.status == COLLAPSED:
        yield Evidence(outcome.text, strength=0.9, data=dict(outcome.numbers))
