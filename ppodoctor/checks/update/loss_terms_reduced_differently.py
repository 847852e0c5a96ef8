"""One term of the loss is summed over the batch while another is averaged."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.loss import Term
from ppodoctor.measures.minibatches import sites_of
from ppodoctor.measures.reading import readings
from ppodoctor.run import Run

_WEIGHTS = {"surrogate": 4.0, "policy_gradient": 4.0, "value": 4.0, "entropy": 0.25}
"""Coefficient times samples above which a sum is not a mean written out as sum / size."""


@check(
    title="Loss terms are reduced differently: one is a sum over the batch, another a mean",
    fix="Average every term over the batch.",
    faults=(15,),
    needs=("minibatches",),
    explains=("gradient_clip_dominates", "value_loss_swamps_policy", "steps_too_large", "learning_rate_too_high"),
    rivals=("value_loss_swamps_policy", "reward_scale_too_large"),
    refuted_by="Every term of the loss is averaged over the samples.",
)
def loss_terms_reduced_differently(run: Run) -> Iterator[Evidence]:
    """A summed term weighs B times what its coefficient says, and its weight changes with the batch size.

    What it sees: the reductions between each term and the root of the graph. A sum that is divided by the number of
    samples counts as a mean.

    Why it hurts: with B samples a summed value loss outweighs an averaged policy loss B times; after gradient clipping
    next to nothing of the policy's gradient is left.

    Also looks like: a value coefficient that is too large; there all terms are averaged.

    Fix: mean() for all.
    """
    for reading in readings(run):
        summed = [t for t in reading.terms if t.kind in _WEIGHTS and _summed(t, reading.batch)]
        averaged = [
            t
            for t in reading.terms
            if t.kind in ("surrogate", "value", "policy_gradient") and "mean" in t.reduction and t.elements > 1
        ]
        if summed and averaged and reading.batch > 1:
            term, other = summed[0], averaged[0]
            yield Evidence(
                f"the {term.kind} term is summed over {term.elements} numbers while the {other.kind} term is averaged",
                where=sites_of(*(t.site for r in readings(run) for t in r.terms if t.kind == term.kind and t.site))[:1],
                first_update=reading.update,
            )
            return


def _summed(term: Term, batch: int) -> bool:
    """A sum over the samples whose coefficient does not divide by their number."""
    sequences = len(term.shape) > 1 and math.prod(term.shape) == batch
    over_samples = term.reduction == "sum" and (term.shape[:1] == (batch,) or sequences) and batch > 1
    return over_samples and abs(term.coefficient) * term.elements > _WEIGHTS[term.kind]
