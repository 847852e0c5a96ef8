"""A time limit is bootstrapped from the next episode."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="Episodes cut by a time limit are bootstrapped from the first observation of the next episode",
    fix="Bootstrap from the final observation (infos['final_obs'] or the observation before the reset), not "
    "from what the reset returned.",
    faults=(30,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("time_limit_read_as_death",),
    explains=("value_function_blind",),
    refuted_by="Targets at truncated steps that contain the value of the final observation.",
)
def time_limit_bootstrapped_from_reset(run: Run) -> Iterator[Evidence]:
    """The value of a start state stands in for the future that the time limit cut off.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. At cut episodes the winner adds the value of the observation that followed the reset.

    Why it hurts: whatever the agent did, reaching the limit is worth the value of a fresh start.

    Also looks like: reading the limit as death; there the value is 0 rather than that of the start.

    Fix: vector environments that reset within the step return the next episode's observation; the final one is in the
    infos.

    References: Gymnasium documentation, vector environments: autoreset modes
    """
    yield from evidence(
        run,
        "time_limit_bootstrapped_from_reset",
        does="truncated steps are bootstrapped from the reset observation",
        where="bootstrap masks recursion",
    )
