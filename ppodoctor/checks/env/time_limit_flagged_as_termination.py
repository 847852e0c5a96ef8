"""The environment says `terminated` where only its time ran out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.credit import fit_targets
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.returns import task_episodes
from ppodoctor.run import Run


@check(
    title="The environment flags its time limit as termination",
    fix="return terminated=False, truncated=True when only the time ran out (or let gymnasium's TimeLimit "
    "wrapper do it)",
    basis=RULE,
    tolerable=True,
    faults=(49,),
    needs=("episodes", "envs"),
    rivals=("time_limit_read_as_death",),
    refuted_by="a task that really ends after that many steps and shows the time left in its observation",
    references=("Gymnasium, handling time limits", "Pardo et al. 2018, Time Limits in RL"),
)
def time_limit_flagged_as_termination(
    run: Run, *, least: int = 10, share: float = 0.2, shortest: int = 5
) -> Iterator[Evidence]:
    """The longest episodes all have one length, all of them end `terminated`, and none is ever `truncated`.

    What it sees: lengths and end flags of the episodes. At least ten end at exactly the greatest length, and these are
    a fifth of all, or ends are rare among episodes that are nearly as long.

    Why it hurts: the value of the last state is trained to be 0 although the task would go on; states near the limit
    look worthless for no reason that the observation shows.

    Silent where the script knows better: its targets, recomputed from the recorded steps, add the final state's value.

    Also looks like: a script that ignores `truncated` (`time_limit_read_as_death`): there the environment's flags are
    right. A task with a true horizon that the observation shows is fine.

    Fix: see above.

    References: Gymnasium documentation; Pardo et al. 2018; fault 49.
    """
    episodes = task_episodes(run)
    if len(episodes) < least or any(e.truncated for e in episodes):
        return
    lengths = np.array([e.length for e in episodes])
    limit = int(lengths.max())
    at_limit = lengths == limit
    env = train_env(run)
    declared = env is not None and env.max_episode_steps == limit
    if limit < shortest or at_limit.sum() < least or (at_limit.mean() < share and not _all_at_once(lengths, limit)):
        return
    if any(fit.knows_limit for fit in fit_targets(run)):
        return
    flag = "done=True" if env is not None and env.returns == 4 else "terminated=True"
    yield Evidence(
        f"{int(at_limit.sum())} of {len(episodes)} episodes end after exactly {limit} steps with "
        f"{flag}; none is ever truncated",
        where=made_at(env),
        strength=0.8 if declared else 0.6,
        data={"length": limit, "share": float(at_limit.mean())},
    )


def _all_at_once(lengths: np.ndarray, limit: int) -> bool:
    """Do all episodes that reach the limit end there, of which hardly any would by the rate of ends shortly before?"""
    window = max(5, limit // 5)
    near = lengths[lengths > limit - window]
    steps = np.minimum(near - (limit - window), window - 1).sum()
    rate = float((near < limit).sum()) / max(int(steps), 1)
    return bool(rate < 0.05)
