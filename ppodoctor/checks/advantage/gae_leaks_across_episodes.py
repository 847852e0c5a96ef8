"""The recursion runs across episode ends."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="Advantages are carried from the next episode into the one before",
    fix="Multiply the carried sum with (1 - (terminated or truncated)).",
    faults=(32,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    explains=("value_function_blind",),
    rivals=("termination_ignored", "time_limit_ignored"),
    refuted_by="Advantages before an end that do not depend on the next episode.",
)
def gae_leaks_across_episodes(run: Run) -> Iterator[Evidence]:
    """The bootstrap is masked at the ends of episodes, the recursion is not.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner carries the sum across ends.

    Why it hurts: the last steps of every episode are credited with the fortune of the next one.

    Also looks like: gamma * lambda near 1 makes advantages noisy as well, but not dependent on the next episode.

    Fix: reset the running sum to 0 at every end.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "gae_leaks_across_episodes",
        does="the running sum is not reset at the ends of episodes",
        where="recursion masks",
    )
