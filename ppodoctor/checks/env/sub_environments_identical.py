"""The copies in a vector environment all play the same episodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen


@check(
    title="The parallel environments all start from the same states",
    fix="give every copy its own seed, for example seed + index",
    tolerable=True,
    faults=(50,),
    needs=("rollouts",),
    refuted_by="different observations of two copies after the same number of resets",
    references=("Jones, Debugging RL Without the Agonizing Pain: decorrelate environments",),
)
def sub_environments_identical(run: Run) -> Iterator[Evidence]:
    """After the same number of resets, all copies show the same observation, although resets differ from each other.

    What it sees: the observations after each reset in the first recorded rollout, copy by copy. A task that always
    starts in one state is no fault and is left alone: the k-th start must differ from the first one.

    Why it hurts: the batch holds fewer different situations than it seems; estimates are noisier than its size says.

    Also looks like: nothing in the curves but noise.

    Fix: `SyncVectorEnv` with `envs.reset(seed=seed)` seeds the copies seed, seed + 1, ...; a loop that calls
    `env.reset(seed=seed)` for each copy does not.

    References: Jones; fault 50.
    """
    for rollout in sorted(train_rollouts(run), key=lambda r: r.update):
        if rollout.first_call or np.shape(rollout.reward)[1] < 2:
            continue
        starts = [_starts(rollout, n) for n in range(np.shape(rollout.reward)[1])]
        depth = min(len(s) for s in starts)
        same = all(np.array_equal(s[k], starts[0][k]) for s in starts[1:] for k in range(depth))
        if depth >= 2 and same and not np.array_equal(starts[0][0], starts[0][1]):
            yield Evidence(
                f"all {len(starts)} copies begin their first {depth} episodes with the same observations",
                where=made_at(train_env(run)),
                first_update=rollout.update,
                strength=0.6,
                data={"copies": len(starts), "resets": depth},
            )
        return


def _starts(rollout: RolloutSpecimen, copy: int) -> list[np.ndarray]:
    """Observations that follow a reset, in order; row 0 of a stream's first rollout is one."""
    obs = np.asarray(rollout.obs)[:, copy]
    began = np.zeros(len(obs), bool)
    if rollout.reset_before is not None:
        began |= np.asarray(rollout.reset_before, bool)[:, copy]
    began[0] = True
    return list(obs[began])
