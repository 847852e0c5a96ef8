"""Doing nothing scores as well as the trained policy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, Missing, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.returns import idle_returns, random_returns, task_episodes
from ppodoctor.measures.trend import compare
from ppodoctor.run import Run


@check(
    title="Doing nothing is a local optimum that the run has settled in",
    fix="pay for progress rather than for existing: weigh down action costs and alive bonuses, shape by a "
    "potential, explore more",
    basis=MEASURED,
    tolerable=True,
    faults=(60, 79),
    needs=("envs", "episodes"),
    explains=("entropy_collapsed", "action_std_drifts"),
    rivals=("entropy_collapsed", "reward_never_met"),
    refuted_by="a return clearly above that of the best constant action",
    references=("RLlib issue 10159", "fault 60: the will to live (Schulman)", "fault 79"),
)
def idle_policy_wins(run: Run, *, far: float = 0.9, near: float = 0.35, p: float = 1e-3) -> Iterator[Evidence]:
    """One constant action beats random play, and the trained policy does no better than that action.

    What it sees: returns of the zero action and of constant actions (whichever is best) against random play (clearly
    better) and against the latest episodes of the run, which are better than random play too but not better than it.

    Why it hurts: moving costs something before it pays; the gradient leads to standing still.

    Also looks like: a policy that became deterministic too early; a sparse reward.

    Fix: see above.

    References: RLlib issue 10159; Schulman; faults 60, 79.
    """
    idle, random = idle_returns(run), random_returns(run)
    if len(idle) < 3 or len(random) < 5:
        raise Missing("returns of simple policies, measured in a copy of the environment")
    returns = np.array([e.ret for e in task_episodes(run)])
    if len(returns) < 40:
        return
    late = returns[-max(10, len(returns) // 5) :]
    better, against = compare(idle, random), compare(late, idle)
    gained = compare(late, random)
    settled = near <= against.superiority <= 1 - near and gained.superiority > far and gained.p < p
    if better.superiority > far and better.p < 0.01 and settled:
        yield Evidence(
            f"a constant action returns {np.median(idle):.4g}, the policy lately {np.median(late):.4g}, random play "
            f"{np.median(random):.4g}",
            where=made_at(train_env(run)),
            strength=0.8,
            data={"idle": float(np.median(idle)), "late": float(np.median(late)), "random": float(np.median(random))},
        )
