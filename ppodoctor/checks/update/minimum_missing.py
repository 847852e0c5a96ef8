"""Only one branch of the objective is used."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The objective uses the clipped product alone, without the minimum",
    fix="loss = -torch.min(ratio * adv, torch.clamp(ratio, 1 - eps, 1 + eps) * adv).mean()",
    faults=(6,),
    needs=("minibatches",),
    explains=("policy_frozen", "return_peaked_then_fell"),
    rivals=("min_max_swapped", "surrogate_not_clipped"),
    refuted_by="A minimum (or a maximum of the negated pair) over the plain and the clipped product.",
    references=("Schulman et al. 2017, equation 7",),
)
def minimum_missing(run: Run) -> Iterator[Evidence]:
    """clip(r) A is used without min(r A, .): a ratio that has left the range on the wrong side gets no gradient back.

    What it sees: the policy term is a product with a clamped ratio; no minimum or maximum joins it with the plain one.

    Why it hurts: an action that became much rarer although its advantage is positive cannot recover.

    Also looks like: swapped minimum and maximum; there both branches exist.

    Fix: the pessimistic minimum of both products.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.clip_on == "ratio" and m.surrogate.combine == "none"]
    if wrong and len(wrong) >= 0.9 * len(found):
        yield Evidence(
            f"only the clipped product enters the loss in all {len(wrong)} policy losses read",
            where=wrong[0].sites(next((m.surrogate.clip_site for m in wrong if m.surrogate.clip_site), None)),
            first_update=wrong[0].reading.update,
        )
