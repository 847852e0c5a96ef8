"""The advantage has the wrong sign."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import evidence
from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.direction import reversed_by_the_loss
from ppodoctor.run import Run


@check(
    title="The advantage is the value minus the return, so worse actions are made likelier",
    fix="advantage = return - value.",
    faults=(5,),
    needs=("minibatches", "rollouts"),
    explains=("return_below_random",),
    rivals=("policy_loss_sign_flipped", "reward_sign_flipped"),
    refuted_by="Advantages that rise with the return.",
)
def advantage_sign_flipped(run: Run) -> Iterator[Evidence]:
    """What enters the surrogate is the negative of the fitted advantage.

    What it sees: the value targets and advantages of the recorded minibatches, matched to the environment steps they
    belong to and recomputed from rewards and the script's own values under a family of recursions; gamma and lambda are
    fitted. The scale that carries the surrogate's advantage to the fitted one is negative.

    Why it hurts: every update moves the policy away from what paid.

    Also looks like: a policy loss of the wrong sign does the same to the gradient; there the advantage itself is
    right. A reward of the wrong sign turns value and advantage together.

    Fix: subtract the value from the return, not the return from the value.

    References: docs/faults.md
    """
    if reversed_by_the_loss(run):
        return
    yield from evidence(
        run,
        "advantage_sign_flipped",
        does="the advantage enters the surrogate with the opposite sign",
        where="targets normalisation bootstrap",
    )
