"""Rewards are clipped."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.run import Run


@check(
    title="Rewards are clipped to a range that some of them exceed",
    fix="Scale rewards instead, or widen the range, when the clipped part matters to the task.",
    faults=(57,),
    needs=("minibatches", "rollouts"),
    severity=NOTE,
    refuted_by="Targets that contain the rewards as the environment paid them.",
)
def rewards_clipped(run: Run) -> Iterator[Evidence]:
    """What the environment pays and what is learned differ where rewards are large.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner clips rewards or keeps only their sign.

    Why it hurts: usually nothing (it is standard for Atari); it hides differences between large rewards.

    Also looks like: a reward wrapper, which the environment itself shows.

    Fix: clip after scaling, at a bound that is rarely met.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "rewards_clipped",
        does="rewards are clipped",
        where="rewards bootstrap",
    )
