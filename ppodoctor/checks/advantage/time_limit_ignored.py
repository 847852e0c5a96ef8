"""Time limits are not seen."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The recursion runs on through resets that a time limit caused",
    fix="Cut the recursion where terminated or truncated, and bootstrap a truncated step from its final observation.",
    faults=(
        29,
        32,
    ),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("termination_ignored", "gae_leaks_across_episodes"),
    refuted_by="Advantages before a truncation that do not depend on the next episode.",
)
def time_limit_ignored(run: Run) -> Iterator[Evidence]:
    """Steps before a time limit get credit for what happens in the next episode.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner carries the sum across cut episodes.

    Why it hurts: rewards of the next episode, which the action cannot have caused, enter the advantage as noise.

    Also looks like: a termination that is ignored does the same at true ends.

    Fix: pass the truncation flag (or the script's own step counter) to the recursion.

    References: docs/faults.md
    """
    yield from evidence(
        run,
        "time_limit_ignored",
        does="time limits do not cut the recursion",
        where="recursion masks bootstrap",
    )
