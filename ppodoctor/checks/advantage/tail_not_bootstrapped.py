"""The last row of a rollout has no future."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The rollout is cut in the middle of an episode and its last step is not bootstrapped",
    fix="Ask the critic about the observation after the last step and start the recursion from that value (0 "
    "only after a true end).",
    faults=(37,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("time_limit_read_as_death",),
    explains=("value_function_blind",),
    refuted_by="A last row whose target contains gamma * V(next observation).",
)
def tail_not_bootstrapped(run: Run) -> Iterator[Evidence]:
    """The recursion starts from 0 although the episode goes on.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. In the last recorded row the winner has no next value, or no advantage at all.

    Why it hurts: the last steps of every rollout look as if the world ended there; the shorter the rollout, the more
    rows are wrong.

    Also looks like: rollouts that end with their episodes need no bootstrap.

    Fix: last_value = critic(next_observation), used where the last step did not terminate.

    References: Huang et al. 2022, The 37 implementation details of PPO
    """
    yield from evidence(
        run,
        "tail_not_bootstrapped",
        does="the last row of the rollout is not bootstrapped",
        where="bootstrap recursion",
    )
