"""Every step's size is set by the gradient clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, NOTE, RULE, Evidence, check
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The gradient clip cuts every gradient by far",
    fix="find the term that makes the gradient large (usually the value loss: scale the rewards); use a limit "
    "of about 0.5",
    basis=RULE,
    faults=(75, 21),
    needs=("grad_norm", "grad_norm_after", "update_size"),
    explains=("policy_frozen", "policy_stays_uniform", "learning_rate_too_low"),
    rivals=("reward_scale_too_large", "value_loss_swamps_policy"),
    refuted_by="norms within ten times the limit",
    references=("fault 75: over 95% of the steps clipped from ten times the limit or more",),
)
def gradient_clip_dominates(
    run: Run, *, factor: float = 1000.0, share: float = 0.95, still: float = 1e-4, tiny: float = 1e-3, least: int = 3
) -> Iterator[Evidence]:
    """Before clipping the gradient is over a thousand times as large as after it, in nearly every update.

    What it sees: gradient norms before and after clipping, and the size of the optimizer's steps. It is a cause when
    the norm after clipping is below 0.001 and the steps come out below 1e-4 of the parameters: then the limit is so
    small that Adam's epsilon swallows the gradient. Otherwise it is a note.

    Why it hurts: one clip over actor and critic shrinks the actor's gradient by what the critic's has too much. Adam
    undoes a constant factor, not one that changes from step to step.

    Also looks like: a learning rate that is too low (then the rate itself is small).

    Fix: see above.

    References: fault 75.
    """
    before, after = run.column("grad_norm"), run.column("grad_norm_after")
    known = np.isfinite(before) & np.isfinite(after) & (after > 0)
    sizes = finite(run.column("update_size"))
    if known.sum() < least or not len(sizes):
        return
    ratio = before[known] / after[known]
    if (ratio <= factor).mean() > 1 - share:
        return
    stopped = 0 < float(np.median(sizes)) < still and float(np.median(after[known])) < tiny
    yield Evidence(
        f"gradients are clipped from a norm of {np.median(before[known]):.3g} to {np.median(after[known]):.3g}; "
        "one step "
        f"changes the parameters by {np.median(sizes):.1e} of their size",
        column="grad_norm",
        strength=0.97 if stopped else 0.8,
        severity=CAUSE if stopped else NOTE,
        first_update=least,
        data={"seen": float(np.median(ratio)), "usual": (1.0, 10.0)},
    )
