"""Single optimizer steps are far too large."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import kl_after_steps, span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The learning rate is too high",
    fix="divide the learning rate by 10 (3e-4 is the usual one for Adam) and see whether KL falls to about 0.01",
    basis=MEASURED,
    faults=(66,),
    needs=("update_size", "learning_rate", "approx_kl"),
    explains=(
        "steps_too_large",
        "updates_stopped_early",
        "entropy_collapsed",
        "one_action_dominates",
        "action_std_drifts",
        "units_dead",
        "network_ignores_observation",
        "units_saturated",
        "plasticity_lost",
        "value_function_blind",
        "policy_frozen",
        "return_below_random",
        "return_peaked_then_fell",
        "update_not_finite",
        "actions_saturated",
    ),
    rivals=("reward_scale_too_large", "too_many_epochs", "observations_unscaled"),
    refuted_by="the same curves with a tenth of the learning rate",
    treatments=("learning_rate*0.1",),
    references=("Jones, Debugging RL Without the Agonizing Pain", "ML-Agents: learning rates 1e-5 to 1e-3"),
)
def learning_rate_too_high(
    run: Run,
    *,
    step: float = 0.025,
    huge_step: float = 0.05,
    usual_rate: float = 3e-3,
    huge_rate: float = 1e-2,
    kl: float = 0.1,
) -> Iterator[Evidence]:
    """One optimizer step changes the parameters by percents of their size, and the policy jumps.

    What it sees: the norm of an optimizer step over the norm of the parameters, the largest of the first updates
    (later the parameters have grown); the learning rate; KL at the end of the first twenty updates. Two conditions:
    steps above 2.5% with a learning rate above 3e-3 (steps also follow from small parameters), and a KL above 0.1; or
    steps above 5% with a rate of at least 0.01. Healthy runs have first steps of 0.1% to 2%.

    Why it hurts: clipping stops the gradient once the ratio has left its range, not the step that carries it far
    beyond. A policy thrown into a corner has no entropy left to come back.

    Also looks like: rewards that are too large (steps of Adam do not grow with them; targets do), too many epochs
    (single steps are small there), unscaled observations (a lower rate does not cure these).

    Fix: see above.

    References: Jones; ML-Agents; fault 66.
    """
    early = [row.update <= 20 for row in run.updates]
    sizes, rates = finite(run.column("update_size")[early]), finite(run.column("learning_rate")[early])
    kls = kl_after_steps(run)[:20]
    if not len(sizes) or not len(rates):
        return
    size, rate = float(sizes[:3].max()), float(np.median(rates))
    jumped = len(kls) > 0 and float(kls.max()) > kl
    huge = size > huge_step and rate >= huge_rate
    if not huge and not (size > step and rate > usual_rate and jumped):
        return
    yield Evidence(
        f"one optimizer step changes the parameters by {size:.1%} (usual is 0.1% to 1%) at a learning rate of "
        f"{rate:.2g}; "
        f"KL reaches {kls.max() if len(kls) else np.nan:.2g} within the first {len(sizes)} updates",
        column="update_size",
        span=span_of(run, "update_size"),
        strength=1.0 if huge else 0.85,
        first_update=1,
        data={"seen": size, "healthy": (1e-4, 1e-2), "learning_rate": rate},
    )
