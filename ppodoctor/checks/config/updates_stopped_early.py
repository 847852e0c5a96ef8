"""Updates end before they have done anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Updates are stopped after the first step or two",
    fix="raise the target KL (0.01 to 0.05, stop at 1.5 times it) and check it after an epoch, not before the "
    "first step",
    basis=RULE,
    faults=(23,),
    needs=("optimizer_steps", "rollout_steps", "minibatch_size", "approx_kl"),
    explains=("policy_frozen", "policy_stays_uniform", "learning_rate_too_low"),
    rivals=("learning_rate_too_low",),
    refuted_by="a script that means to take one step per update",
    treatments=("target_kl=0.02",),
    references=("Stable-Baselines3 and Spinning Up stop at 1.5 times the target",),
)
def updates_stopped_early(
    run: Run, *, fraction: float = 0.25, share: float = 0.8, kl: float = 5e-3, least: int = 4
) -> Iterator[Evidence]:
    """Most updates take far fewer optimizer steps than the script's longest one, with hardly any change of the policy.

    What it sees: optimizer steps per update. In more than 80% of the updates they are under a quarter of the largest
    number seen, or less than half of the batch is trained on; KL stays below 0.005, so it was not the policy's movement
    that asked for a stop.

    Why it hurts: data are collected and thrown away.

    Also looks like: a learning rate that is too low (then all steps are taken).

    Fix: see above.

    References: Stable-Baselines3, Spinning Up; fault 23.
    """
    steps, kls = run.column("optimizer_steps"), finite(run.column("approx_kl"))
    with np.errstate(all="ignore"):
        used = finite(steps * run.column("minibatch_size") / run.column("rollout_steps"))
    steps = finite(steps)
    if len(steps) < least or min(len(used), len(kls)) < 2 or np.median(kls) > kl:
        return
    cut_short = (steps <= fraction * steps.max()).mean() if steps.max() >= 4 else 0.0
    if cut_short > share or np.median(used) < 0.5:
        yield Evidence(
            f"the typical update takes {np.median(steps):.0f} optimizer steps (the longest {steps.max():.0f}) "
            "and trains on "
            f"each environment step {np.median(used):.2g} times; KL is {np.median(kls):.1e}",
            column="optimizer_steps",
            span=span_of(run, "optimizer_steps"),
            strength=0.96 if np.median(steps) <= 1 else 0.8,
            first_update=least,
            data={"seen": float(np.median(steps)), "longest": float(steps.max())},
        )
