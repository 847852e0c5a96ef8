"""No episode ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run


@check(
    title="No episode ever ends",
    fix="give the task a time limit (gymnasium.wrappers.TimeLimit) or an end for states from which nothing is learned",
    basis=RULE,
    tolerable=True,
    faults=(49,),
    needs=("rollouts", "envs"),
    refuted_by="a terminated or truncated flag",
    references=("fault 49; a task without an end fills the batch with states out of range",),
)
def episodes_never_end(run: Run, *, least_steps: int = 10_000) -> Iterator[Evidence]:
    """Thousands of steps without `terminated`, `truncated` or a reset.

    What it sees: the recorded rollouts' flags and the count of resets, over at least 10,000 steps of each copy.

    Why it hurts: the batch fills with states far from those that matter, and no return can be compared.

    Also looks like: a long task that has simply not ended yet.

    Fix: see above.

    References: fault 49.
    """
    rollouts = train_rollouts(run)
    ended = any(np.any(r.terminated) or np.any(r.truncated) for r in rollouts)
    for env in run.train_envs:
        if not ended and rollouts and env.steps / max(1, env.num_envs) >= least_steps and env.resets <= env.num_envs:
            yield Evidence(
                f"{env.steps} steps in {env.num_envs} environment(s), {env.resets} reset(s), no end",
                where=tuple(site for site in (env.made_at,) if site is not None),
                strength=0.7,
                data={"steps": env.steps},
            )
