"""The value target carries a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import site_over, sites_of, value_minibatches
from ppodoctor.run import Run


@check(
    title="The value target is not detached: the loss moves the target as well as the prediction",
    fix="Compute the target under torch.no_grad(), or detach it.",
    faults=(11,),
    needs=("minibatches",),
    explains=("value_function_blind", "parameters_never_move"),
    rivals=("target_is_not_return", "advantage_not_detached"),
    refuted_by="One side of the value error needs no gradient.",
)
def value_target_not_detached(run: Run) -> Iterator[Evidence]:
    """Both sides of the value error carry a gradient.

    What it sees: the two inputs of the difference in the value loss; both need a gradient.

    Why it hurts: the error can be made small by moving the target towards the prediction, so the critic need not learn
    the return at all.

    Also looks like: a value clip compares the prediction with its old value; that is not a target.

    Fix: detach the target.
    """
    found = value_minibatches(run)
    wrong = [(r, v, t) for r, v, t in found if v.target_has_grad]
    if wrong and len(wrong) >= 0.5 * len(found):
        reading = wrong[0][0]
        yield Evidence(
            f"the value target needs a gradient in {len(wrong)} of {len(found)} value losses read",
            where=sites_of(site_over(tuple(v for _, v, _ in wrong), "site")),
            first_update=reading.update,
        )
