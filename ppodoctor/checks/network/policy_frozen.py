"""Updates leave the policy exactly as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The policy does not change",
    fix="look in this order: gradient of the policy, spread of the raw advantages, shapes, old log-prob, "
    "optimizer, learning rate",
    severity=NOTE,
    basis=RULE,
    faults=(1, 2, 17, 23, 67),
    needs=("approx_kl", "optimizer_steps"),
    rivals=("learning_rate_too_low", "reward_constant", "parameters_not_in_optimizer"),
    refuted_by="a ratio that leaves 1 within an update",
    references=("rl-debug-bench: KL below 1e-6 and no clipping",),
)
def policy_frozen(run: Run, *, still: float = 1e-8, least: int = 5, steps: int = 2) -> Iterator[Evidence]:
    """In the first half of the run KL at the end of an update is 0 to rounding, although several steps were taken.

    What it sees: KL at the last minibatch of each update that had at least three optimizer steps.

    Why it hurts: it is the mark of an actor that gets no gradient.

    Also looks like: this is a symptom of many faults; the first minibatch of an update has a KL of 0 by right.

    Fix: see above.

    References: rl-debug-bench.
    """
    kls, taken = run.column("approx_kl"), run.column("optimizer_steps")
    known = np.isfinite(kls) & (taken > steps)
    seen = finite(np.abs(kls[known]))
    early = seen[: max(least, len(seen) // 2)]
    if len(seen) >= least and np.quantile(early, 0.9) < still:
        yield Evidence(
            f"KL at the end of the first {len(early)} updates is at most {early.max():.1e}",
            column="approx_kl",
            span=(1, len(early)),
            strength=0.9,
            first_update=least,
            data={"seen": float(np.median(early)), "healthy": (1e-3, 2e-2)},
        )
