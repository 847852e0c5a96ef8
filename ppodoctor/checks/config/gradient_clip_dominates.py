"""Every step's size is set by the gradient clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.run import Run


@check(
    title="The gradient clip cuts every gradient by far",
    fix="find the term that makes the gradient large (usually the value loss: scale the rewards), do not raise "
    "the limit",
    severity=NOTE,
    basis=RULE,
    faults=(75, 21),
    needs=("grad_norm", "grad_norm_after"),
    rivals=("reward_scale_too_large", "value_loss_swamps_policy"),
    refuted_by="norms within ten times the limit",
    references=("fault 75: over 95% of the steps clipped from ten times the limit or more",),
)
def gradient_clip_dominates(
    run: Run, *, factor: float = 100.0, share: float = 0.95, least: int = 3
) -> Iterator[Evidence]:
    """Before clipping the gradient is over a hundred times as large as after it, in nearly every update.

    What it sees: gradient norms before and after clipping.

    Why it hurts: one clip over actor and critic shrinks the actor's gradient by what the critic's has too much. Adam
    undoes a constant factor, not one that changes from step to step.

    Also looks like: nothing in the losses.

    Fix: see above.

    References: fault 75.
    """
    before, after = run.column("grad_norm"), run.column("grad_norm_after")
    known = np.isfinite(before) & np.isfinite(after) & (after > 0)
    if known.sum() < least:
        return
    ratio = before[known] / after[known]
    if (ratio > factor).mean() > share:
        yield Evidence(
            f"gradients are clipped from a norm of {np.median(before[known]):.3g} to {np.median(after[known]):.3g}",
            column="grad_norm",
            strength=0.8,
            first_update=least,
            data={"seen": float(np.median(ratio)), "healthy": (1.0, 10.0)},
        )
