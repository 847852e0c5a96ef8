"""The value after a true end is added to the return."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The return goes on after the episode has terminated",
    fix="Multiply the next value with (1 - terminated), and the carried sum with (1 - (terminated or truncated)).",
    faults=(28,),
    needs=("minibatches", "rollouts"),
    explains=("value_function_blind", "gae_leaks_across_episodes", "time_limit_ignored"),
    rivals=("done_shifted",),
    refuted_by="Advantages at terminated steps that equal reward minus value.",
)
def termination_ignored(run: Run) -> Iterator[Evidence]:
    """Dying costs nothing: the value of a state that is never reached is added at true ends.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner adds a value after a termination.

    Why it hurts: the agent is indifferent to dying, since the future after an end is valued like any other.

    Also looks like: shifted done flags also add a value at the end, and cut a neighbouring step as well; a task in
    which ends do not matter shows no harm.

    Fix: mask the bootstrap with the termination of the same step.

    References: A. Jones, probe environments: the probe with a single two-step episode fails
    """
    yield from evidence(
        run,
        "termination_ignored",
        does="true ends are bootstrapped",
        where="bootstrap masks recursion",
    )
