"""The optimizer steps are so small that the policy does not move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="The learning rate is too low",
    fix="raise the learning rate until KL per update is about 0.01 (3e-4 is the usual one for Adam)",
    basis=MEASURED,
    faults=(67,),
    needs=("update_size", "learning_rate", "approx_kl", "optimizer_steps"),
    explains=("policy_frozen", "policy_stays_uniform", "value_function_blind"),
    rivals=("reward_constant", "parameters_never_move", "updates_stopped_early"),
    refuted_by="a KL that stays below 1e-4 with a hundred times the learning rate",
    treatments=("learning_rate*30",),
    references=("Jones, Debugging RL Without the Agonizing Pain", "rldoctor: KL below 1e-4 is strangled"),
)
def learning_rate_too_low(
    run: Run, *, kl: float = 1e-4, moved: float = 0.02, usual_rate: float = 2e-5, least: int = 3
) -> Iterator[Evidence]:
    """Updates leave the policy where it was, because each step is tiny.

    What it sees: KL per update below 1e-4, parameters that moved by less than 2% of their size over 50 updates' worth
    of steps, and a learning rate below 2e-5; over the first half of what was seen, so that a rate that was lowered at
    the end does not count.

    Why it hurts: the gradient is right and nothing comes of it within the budget.

    Also looks like: a frozen actor (advantages without spread, parameters outside of the optimizer: there a higher rate
    changes nothing), an early stop before the first step.

    Fix: see above.

    References: Jones; rldoctor; fault 67.
    """
    half = slice(0, max(least, len(run.updates) // 2))
    sizes, kls = finite(run.column("update_size")[half]), finite(run.column("approx_kl")[half])
    rates, steps = finite(run.column("learning_rate")[half]), finite(run.column("optimizer_steps")[half])
    if min(len(sizes), len(kls), len(rates), len(steps)) < least:
        return
    rate = float(np.median(rates))
    way = float(np.median(sizes) * np.median(steps) * 50)
    if 0 < rate < usual_rate and np.median(kls) < kl and 0 < way < moved:
        yield Evidence(
            f"KL per update is {np.median(kls):.1e} (usual is about 0.01) at a learning rate of {rate:.1e}; "
            "fifty updates "
            f"move the parameters by at most {way:.2%} of their size",
            column="approx_kl",
            span=span_of(run, "approx_kl"),
            strength=0.97,
            first_update=least,
            data={"seen": float(np.median(kls)), "healthy": (1e-3, 2e-2), "learning_rate": rate},
        )
