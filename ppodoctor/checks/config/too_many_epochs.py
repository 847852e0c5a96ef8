"""Each batch is used far more often than it bears."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import kl_after_steps, passes, span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Each batch is trained on too many times",
    fix="use 3 to 10 epochs, or stop an update at a target KL of 0.01 to 0.03",
    basis=RULE,
    faults=(68,),
    needs=("optimizer_steps", "minibatch_size", "rollout_steps", "approx_kl", "clip_fraction"),
    explains=(
        "steps_too_large",
        "entropy_collapsed",
        "one_action_dominates",
        "plasticity_lost",
        "return_peaked_then_fell",
        "action_std_drifts",
    ),
    rivals=("learning_rate_too_high",),
    refuted_by="the same KL after a tenth of the epochs",
    treatments=("epochs*0.2",),
    references=("Moalla et al. 2024, No Representation, No Trust", "ML-Agents: 3 to 10 epochs"),
)
def too_many_epochs(
    run: Run,
    *,
    usual: float = 25.0,
    many: float = 40.0,
    kl: float = 0.05,
    clipped: float = 0.3,
    least: int = 2,
) -> Iterator[Evidence]:
    """More than 25 passes over each batch, and the policy is far from where the batch was collected.

    What it sees: optimizer steps times minibatch size over the steps of a rollout, that is the number of passes; KL and
    clip fraction at the end of the updates. Both conditions: passes above 25, and KL above 0.05 with more than 30%
    clipped. More than 40 passes that leave KL small are a note, unless each is one step on the whole batch: then there
    are no more steps than elsewhere (Spinning Up takes 80 of them).

    Why it hurts: after some passes the ratio is far from 1, the surrogate no longer bounds the true objective, and the
    batch is fitted by heart. Representations collapse sooner.

    Also looks like: a learning rate that is too high (then single steps are large).

    Fix: see above.

    References: Moalla et al. 2024; ML-Agents; fault 68.
    """
    times = passes(run)
    kls, clips = kl_after_steps(run), finite(run.column("clip_fraction"))
    if min(len(kls), len(clips)) < least or not times > usual:
        return
    far = bool(np.median(kls) > kl and np.median(clips) > clipped)
    sizes, rows = finite(run.column("minibatch_size")), finite(run.column("rollout_steps"))
    whole = len(sizes) > 0 and len(rows) > 0 and float(np.median(sizes)) >= 0.9 * float(np.median(rows))
    if far or (times > many and not whole):
        yield Evidence(
            f"each environment step is trained on {times:.0f} times per update (usual is 3 to 10); updates end "
            "with a KL of "
            f"{np.median(kls):.2g} and {np.median(clips):.0%} clipped",
            column="approx_kl",
            span=span_of(run, "approx_kl"),
            strength=0.97 if times > many else 0.85,
            severity=None if far else NOTE,
            first_update=least,
            data={"seen": times, "usual": (3.0, 10.0)},
        )
