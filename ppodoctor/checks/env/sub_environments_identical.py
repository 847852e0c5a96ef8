"""The copies in a vector environment all play the same episodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.records import EnvFacts
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen


@check(
    title="The parallel environments all start from the same states",
    fix="give every copy its own seed, for example seed + index",
    mild=True,
    faults=(50,),
    needs=("rollouts", "envs"),
    refuted_by="different observations of two copies after the same number of resets",
    references=("Jones, Debugging RL Without the Agonizing Pain: decorrelate environments",),
)
def sub_environments_identical(run: Run) -> Iterator[Evidence]:
    """All copies get one seed, or show the same observation after the same number of resets.

    What it sees: the seeds given to the copies, of one vector environment or of several equal ones; and the
    observations after each reset in the leading recorded rollouts, copy by copy. A task that always starts in one
    state is no fault and is left alone: the k-th start must differ from the first one.

    Why it hurts: the batch holds fewer different situations than it seems; estimates are noisier than its size says.

    Also looks like: nothing in the curves but noise.

    Fix: `SyncVectorEnv` with `envs.reset(seed=seed)` seeds the copies seed, seed + 1, ...; a loop that calls
    `env.reset(seed=seed)` for each copy does not.

    References: Jones; fault 50.
    """
    seeded = _same_seed(run.train_envs)
    if seeded is not None:
        env, copies = seeded
        yield Evidence(
            f"all {copies} copies of the environment were seeded with {env.seeds[0]}",
            where=tuple(site for site in (env.reset_at or env.made_at,) if site is not None),
            first_update=1,
            strength=0.6,
            data={"copies": copies},
        )
        return
    starts = _starts([r for r in train_rollouts(run) if np.shape(r.reward)[1] > 1])
    depth = min((len(s) for s in starts), default=0)
    same = all(np.array_equal(s[k], starts[0][k]) for s in starts[1:] for k in range(depth))
    if depth >= 2 and same and not np.array_equal(starts[0][0], starts[0][1]):
        yield Evidence(
            f"all {len(starts)} copies begin their first {depth} episodes with the same observations",
            where=made_at(train_env(run)),
            first_update=1,
            strength=0.6,
            data={"copies": len(starts), "resets": depth},
        )


def _same_seed(envs: tuple[EnvFacts, ...]) -> tuple[EnvFacts, int] | None:
    """An environment whose copies were given one seed, and how many they are."""
    for env in envs:
        given = env.seeds[: env.num_envs]
        if env.num_envs > 1 and len(given) == env.num_envs and given[0] is not None and len(set(given)) == 1:
            return env, env.num_envs
    alike = [e for e in envs if e.num_envs == 1 and e.seeds and e.seeds[0] is not None and e.steps]
    groups: dict[tuple[object, ...], list[EnvFacts]] = {}
    for env in alike:
        groups.setdefault((env.cls, env.spec_id, str(env.made_at), env.seeds[0]), []).append(env)
    largest = max(groups.values(), key=len, default=[])
    return (largest[0], len(largest)) if len(largest) > 1 and len(largest) == len(alike) else None


def _starts(rollouts: list[RolloutSpecimen]) -> list[list[np.ndarray]]:
    """[copies][resets] observations that follow a reset in the rollouts from the stream's first step on, unbroken."""
    leading: list[RolloutSpecimen] = []
    for rollout in sorted(rollouts, key=lambda r: (r.stream, r.first_call)):
        reached = leading[-1].first_call + len(leading[-1].reward) if leading else 0
        if rollout.first_call == reached and (not leading or rollout.stream == leading[0].stream):
            leading.append(rollout)
    if not leading:
        return []
    obs = np.concatenate([np.asarray(r.obs) for r in leading])
    began = np.concatenate([_resets(r) for r in leading])
    began[0] = True
    return [list(obs[began[:, n], n]) for n in range(obs.shape[1])]


def _resets(rollout: RolloutSpecimen) -> np.ndarray:
    if rollout.reset_before is None:
        return np.zeros(np.shape(rollout.reward), bool)
    return np.array(rollout.reset_before, bool)
