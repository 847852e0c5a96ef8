"""An update sees only a handful of steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Each update is made from too few steps",
    fix="collect 1000 or more steps per update (more copies of the environment decorrelate them)",
    basis=RULE,
    tolerable=True,
    faults=(73, 74, 42),
    needs=("rollout_steps",),
    explains=("steps_too_large", "value_function_blind", "entropy_collapsed"),
    rivals=("learning_rate_too_high",),
    refuted_by="a run that learns from as few steps: some do",
    treatments=("rollout_steps*16",),
    references=("ML-Agents: buffers of 2048 to 409600", "case reports: short, correlated segments destabilise PPO"),
)
def rollout_too_short(run: Run, *, few: int = 64, least: int = 20) -> Iterator[Evidence]:
    """Fewer than 64 environment steps between two updates.

    What it sees: steps per update over all copies, its median.

    Why it hurts: a few consecutive steps of one episode are one situation; the update fits that and forgets the others.

    Also looks like: a learning rate that is too high. Scripts with 20 steps per update do learn easy tasks, so this
    counts only where nothing else explains a failure.

    Fix: see above.

    References: ML-Agents; fault 73.
    """
    steps = finite(run.column("rollout_steps"))
    if len(steps) >= least and np.median(steps) < few:
        yield Evidence(
            f"the typical update is made from {np.median(steps):.0f} environment steps (usual is 1000 or more)",
            column="rollout_steps",
            strength=0.7,
            first_update=least,
            data={"seen": float(np.median(steps)), "healthy": (256, 65536)},
        )
