"""Ratio and advantage have different shapes and are multiplied all against all."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="Advantage and ratio are broadcast against each other: every ratio meets every advantage",
    fix="Flatten both to [B] before multiplying, and assert ratio.shape == advantage.shape.",
    faults=(2,),
    needs=("minibatches",),
    explains=(
        "policy_frozen",
        "policy_stays_uniform",
        "learning_rate_too_low",
        "entropy_bonus_too_large",
        "old_log_prob_recomputed",
    ),
    rivals=("old_log_prob_recomputed", "log_prob_broadcast"),
    refuted_by="A product with as many numbers as there are samples.",
)
def advantage_broadcast(run: Run) -> Iterator[Evidence]:
    """[B] times [B, 1] gives [B, B]: the mean of the products is the product of the means.

    What it sees: the shapes of the ratio and of the advantage on the multiply node. An advantage that is [B, B] already
    ([B] returns minus [B, 1] values) is one, too.

    Why it hurts: with normalised advantages the mean is 0, so the policy loss and its gradient vanish; the policy
    freezes while the critic learns.

    Also looks like: a frozen policy through a detached log-probability; there the shapes agree.

    Fix: equal shapes.
    """
    for m in policy_minibatches(run):
        s = m.surrogate
        if s.advantage is None or not s.ratio_shape or s.advantage.size <= 1:
            continue
        numbers = prod(s.ratio_shape)
        each = min(numbers, s.advantage.size)  # an advantage that was itself made of all against all is larger
        every = m.term.elements >= numbers * each > each
        # of sequences [T, B] and [T, B, 1], more than either side has
        outgrown = len(s.ratio_shape) != s.advantage.ndim > 1 and m.term.elements > max(numbers, s.advantage.size)
        if m.term.elements > numbers > 1 and (every or outgrown):
            yield Evidence(
                f"ratio {list(s.ratio_shape)} times advantage {list(s.advantage_shape)} gives {m.term.elements} "
                f"products for {max(numbers, each)} samples"
                + (": it is that large already where it is made" if s.advantage.size > numbers else ""),
                where=m.sites(
                    next(
                        (o.surrogate.advantage_site for o in policy_minibatches(run) if o.surrogate.advantage_site),
                        None,
                    )
                ),
                first_update=m.reading.update,
            )
            return
