"""The mean of the rewards is subtracted."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.run import Run


@check(
    title="Rewards are centred, so a bonus for staying alive (or a cost per step) vanishes",
    fix="Divide rewards by a running standard deviation of the return, or by a constant; do not subtract their mean.",
    faults=(38,),
    needs=("minibatches", "rollouts"),
    mild=True,
    explains=("value_function_blind", "reward_constant"),
    rivals=("reward_constant",),
    refuted_by="Targets that contain the rewards without a shift.",
)
def rewards_centred(run: Run) -> Iterator[Evidence]:
    """A constant is taken off every reward, which changes what long episodes are worth.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The winner adds a constant to every reward that undoes its mean.

    Why it hurts: with episodes of varying length, longer ones lose: an alive bonus of 1 per step becomes 0, and
    ending early can pay.

    Also looks like: a reward that is constant in the environment; here the environment pays and the script takes it
    away.

    Fix: scale rewards, do not shift them.

    References: J. Schulman, The nuts and bolts of deep RL research
    """
    yield from evidence(
        run,
        "rewards_centred",
        does="the mean is subtracted from the rewards",
        where="rewards",
    )
