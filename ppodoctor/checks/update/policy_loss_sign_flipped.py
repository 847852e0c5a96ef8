"""The policy objective is minimised instead of maximised."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import EXACT, MEASURED, Evidence, check
from ppodoctor.measures.direction import reversed_by_the_loss, sign_conflict
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The policy loss has the wrong sign: good actions are made rarer",
    fix="Minimise the negative of the objective: policy_loss = -torch.min(surr1, surr2).mean()",
    faults=(5,),
    needs=("minibatches", "rollouts"),
    explains=(
        "return_below_random",
        "entropy_collapsed",
        "min_max_swapped",
        "steps_too_large",
        "learning_rate_too_high",
        "return_peaked_then_fell",
    ),
    rivals=("advantage_sign_flipped", "ratio_inverted", "reward_sign_flipped", "min_max_swapped"),
    refuted_by="The advantages in the maximised objective correlate with the recomputed ones positively.",
    treatments=("policy_loss*-1",),
    references=("Schulman et al. 2017, equation 7: the objective is maximised",),
)
def policy_loss_sign_flipped(run: Run) -> Iterator[Evidence]:
    """Following the loss downhill lowers the probability of actions with a positive advantage.

    What it sees: the sign of the policy term on its way to the minimised root, and the sign of the advantages in it
    against advantages recomputed from the recorded rewards. One of both is reversed.

    Why it hurts: the policy learns to do what it found to be bad; the return falls below that of random actions.

    Also looks like: an inverted ratio (its own check), a reward with the wrong sign (the advantages then follow the
    reward), or swapped minimum and maximum (there the advantages have the right sign).

    Fix: a minus sign before the objective.
    """
    reversed_, direction = sign_conflict(run)
    if not reversed_ or direction is None or (direction.exact and not reversed_by_the_loss(run)):
        return
    found = [m for m in policy_minibatches(run) if not m.surrogate.inverted]
    if not found:
        return
    pessimism = " and the minimum acts as a maximum" if found[0].surrogate.combine == "max" else ""
    site = next((m.surrogate.site for m in found if m.surrogate.site is not None), None)
    yield Evidence(
        f"{direction.text}{pessimism}: the loss falls when good actions become rarer",
        where=found[0].sites(site),
        basis=EXACT if direction.exact else MEASURED,
        first_update=direction.first_update,
    )
