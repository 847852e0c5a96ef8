"""Gradients of earlier minibatches are still there when the next backward call runs."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches, sites_of
from ppodoctor.run import Run


@check(
    title="Gradients are not zeroed between optimizer steps",
    fix="Call optimizer.zero_grad() before every backward call.",
    faults=(16,),
    needs=("minibatches",),
    explains=(
        "gradient_clip_dominates",
        "steps_too_large",
        "learning_rate_too_high",
        "entropy_collapsed",
        "return_peaked_then_fell",
    ),
    rivals=("learning_rate_too_high",),
    refuted_by="Gradients are absent or zero before the backward call that follows an optimizer step.",
)
def gradients_not_zeroed(run: Run, *, share: float = 0.8) -> Iterator[Evidence]:
    """Each step adds the new gradient to all former ones.

    What it sees: before a backward call that follows an optimizer step, the parameters still hold gradients.

    Why it hurts: the step direction is dominated by gradients of old minibatches and old policies.

    Also looks like: accumulating gradients over several backward calls before one step is sound and not reported: no
    optimizer step lies between those calls.

    Fix: zero the gradients.
    """
    later = [m for m in policy_minibatches(run) if m.facts.get("fresh_step") and m.facts.get("steps_before", 0) > 0]
    stale = [m for m in later if m.facts.get("stale_norm", 0.0) > 0]
    if len(stale) >= 2 and len(stale) >= share * len(later):
        norm = stale[0].facts["stale_norm"]
        yield Evidence(
            f"{len(stale)} of {len(later)} backward calls started with gradients left from before an optimizer step "
            f"(norm {norm:.3g} in the first)",
            where=sites_of(next((o.made_at for o in run.optimizers if o.made_at), None)),
            first_update=stale[0].reading.update,
        )
