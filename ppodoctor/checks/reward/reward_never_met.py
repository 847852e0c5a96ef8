"""No episode has ever scored differently from another one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, NOTE, Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.returns import task_episodes
from ppodoctor.run import Run


@check(
    title="The reward has never been met: every episode scored the same",
    fix="make success reachable: start nearer to the goal, shape the reward by a potential, add exploration "
    "(RND) or demonstrations",
    basis=MEASURED,
    tolerable=True,
    faults=(56, 65, 97),
    needs=("episodes", "reward_std"),
    explains=(
        "policy_stays_uniform",
        "policy_frozen",
        "value_function_blind",
        "entropy_collapsed",
        "learning_rate_too_low",
    ),
    rivals=("reward_constant", "action_ignored_by_env"),
    refuted_by="one episode with another return",
    references=(
        "Schulman, nuts and bolts: if random play never gets there, RL likely will not",
        "CleanRL: PPO scores -200 on MountainCar-v0",
    ),
)
def reward_never_met(
    run: Run, *, least: int = 20, episodes: int = 50, steps: int = 10_000, many: int = 100
) -> Iterator[Evidence]:
    """All episodes have one return and all rewards are one number: so far there is nothing to learn from.

    What it sees: raw returns of at least 50 episodes over at least 10,000 steps, or of 100 episodes of any length, all
    equal, and rewards without spread in every rollout. From 20 episodes on it is said in a note. (Of n episodes none
    succeeded: at 95% confidence fewer than 3/n of them do, which is 15% for 20 episodes and 3% for 100.)

    Why it hurts: the advantage has no signal. The code may be perfectly right.

    Also looks like: a reward lost on its way (`reward_constant`), an ignored action. Told apart by the environment's
    own reward, and by the effect of actions on observations. Whether the goal can be reached at all, a scripted
    policy shows.

    Fix: see above. A longer run may find the first success, but rarely.

    References: Schulman; CleanRL's MountainCar results; the rule of three (Hanley and Lippman-Hand 1983); faults 56,
    65, 97.
    """
    found = task_episodes(run)
    if len(found) < least:
        return
    returns, spread = np.array([e.ret for e in found]), run.column("reward_std")
    if np.ptp(returns) > 0 or np.nanmax(spread) > 1e-9:
        return
    enough = len(found) >= many or (len(found) >= episodes and sum(e.length for e in found) >= steps)
    yield Evidence(
        f"all {len(found)} episodes returned {returns[0]:.4g}; no reward ever differed from another one",
        where=made_at(train_env(run)),
        column="reward_std",
        strength=1.0 if enough else 0.3,
        severity=None if enough else NOTE,
        data={"episodes": len(found), "return": float(returns[0])},
    )
