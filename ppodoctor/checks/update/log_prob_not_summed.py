"""The log-probability keeps one number per action dimension."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The log-probability is not summed over the action's dimensions",
    fix="log_prob = dist.log_prob(action).sum(-1), when acting and when updating.",
    faults=(4,),
    needs=("minibatches",),
    explains=("steps_too_large", "ratio_not_one_at_start"),
    rivals=("log_prob_broadcast", "clip_range_too_large"),
    refuted_by="A ratio with one number per sample.",
    references=("Huang et al. 2022, 37 implementation details, continuous actions",),
)
def log_prob_not_summed(run: Run) -> Iterator[Evidence]:
    """Each dimension gets its own ratio and its own clip.

    What it sees: the ratio's last axis has as many entries as the action has dimensions, and there are several.

    Why it hurts: the joint ratio is the product of these; clipping them one by one allows d times the step, and logged
    KL values are d times too small.

    Also looks like: a ratio broadcast to [B, B]; there the last axis has the batch's size.

    Fix: sum over the last axis.
    """
    for m in policy_minibatches(run):
        head, shape = m.reading.head, m.surrogate.ratio_shape
        dims = 0 if head is None or head.mean is None else int(head.mean.shape[-1])
        if m.surrogate.form in ("none", "probability"):
            continue
        if head is None or head.mean is None or len(shape) < head.mean.ndim:
            continue  # one number for each step and environment, and as many environments as dimensions
        if dims > 1 and len(shape) >= 2 and shape[-1] == dims and shape[0] != dims:
            yield Evidence(
                f"the ratio has shape {list(shape)}: {dims} ratios a sample for an action of {dims} dimensions",
                where=m.sites(
                    next((o.surrogate.ratio_site for o in policy_minibatches(run) if o.surrogate.ratio_site), None)
                ),
                first_update=m.reading.update,
            )
            return
