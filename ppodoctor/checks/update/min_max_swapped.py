"""The optimistic branch is taken instead of the pessimistic one."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.direction import sign_conflict
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="Minimum and maximum are swapped: the clip never holds the policy back",
    fix="Take the minimum of both products (or the maximum of their negatives): -torch.min(surr1, surr2).mean()",
    faults=(6,),
    needs=("minibatches",),
    explains=(
        "steps_too_large",
        "learning_rate_too_high",
        "clip_range_too_large",
        "entropy_collapsed",
        "return_below_random",
        "return_peaked_then_fell",
    ),
    rivals=("policy_loss_sign_flipped", "surrogate_not_clipped"),
    refuted_by="A minimum over the two products in the maximised objective.",
    references=("Schulman et al. 2017, equation 7",),
)
def min_max_swapped(run: Run) -> Iterator[Evidence]:
    """max(r A, clip(r) A) is maximised where PPO maximises the minimum.

    What it sees: the kind of the node that joins both branches, with the sign it has on the way to the minimised root;
    the advantages themselves have the right sign.

    Why it hurts: the larger of both branches has a gradient exactly where the clip was meant to remove it.

    Also looks like: a flipped sign of the whole loss turns a minimum into a maximum as well; there the advantages are
    reversed, and that check speaks instead.

    Fix: the pessimistic minimum.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.combine == "max"]
    reversed_, direction = sign_conflict(run)
    if not wrong or len(wrong) < 0.9 * len(found) or reversed_:
        return
    doubt = "" if direction else "; a reversed sign of the whole loss looks the same where rewards cannot be matched"
    site = next((m.surrogate.site for m in wrong if m.surrogate.site is not None), None)
    yield Evidence(
        f"the maximised objective takes the maximum of both products in all {len(wrong)} policy losses read{doubt}",
        where=wrong[0].sites(site),
        first_update=wrong[0].reading.update,
    )
