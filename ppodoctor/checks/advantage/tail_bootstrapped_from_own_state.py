"""The value that the rollout's last step is bootstrapped from is that of the state it was taken in."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="The rollout's last step is bootstrapped from the value of its own state, not of the one it led to",
    fix="Ask the critic about the observation after the last step, last_value = critic(next_observation), and start "
    "the recursion from that instead of from the last entry of the stored values.",
    faults=(37,),
    needs=("minibatches", "rollouts"),
    tolerable=True,
    rivals=("tail_not_bootstrapped",),
    refuted_by="A last row whose target contains gamma * V(next observation).",
)
def tail_bootstrapped_from_own_state(run: Run) -> Iterator[Evidence]:
    """The recursion starts from the last stored value, which is the last row's own.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. Where a rollout (or a part of it that the script cut) ends within an episode, the winner adds the value of
    the very state in which the last action was taken.

    Why it hurts: the last action looks as if it had led nowhere: a state kept is paid for twice. The error is one
    step's change of value, and fades backwards with gamma * lambda; short rollouts suffer most.

    Also looks like: tail_not_bootstrapped, which adds nothing at all.

    Fix: last_value = critic(next_observation), used where the last step did not terminate.

    References: Huang et al. 2022, The 37 implementation details of PPO
    """
    yield from evidence(
        run,
        "tail_bootstrapped_from_own_state",
        does="the last row is bootstrapped from the value of the state it was acted in",
        where="bootstrap recursion",
    )
