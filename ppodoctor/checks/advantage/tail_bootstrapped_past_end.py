"""The last row is bootstrapped although the episode ended."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.run import Run


@check(
    title="A rollout that ends with an episode is bootstrapped from the next one",
    fix="Multiply the value after the last step with (1 - terminated) of that step.",
    faults=(28,),
    needs=("minibatches", "rollouts"),
    severity=NOTE,
    refuted_by="A terminated last row whose target is its reward.",
)
def tail_bootstrapped_past_end(run: Run) -> Iterator[Evidence]:
    """The flag of the last step is left out where the recursion starts.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. At last rows that ended an episode the winner adds the value of the next episode's start.

    Why it hurts: little: one row per rollout and environment.

    Also looks like: termination_ignored, which does it at every end.

    Fix: mask the first bootstrap like all others.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "tail_bootstrapped_past_end",
        does="an end in the last row is not seen",
        where="bootstrap recursion",
    )
