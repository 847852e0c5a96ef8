"""The copies in a vector environment all play the same episodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.starts import episode_starts
from ppodoctor.records import EnvFacts
from ppodoctor.run import Run


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
    state, or in one of a few, is no fault and is left alone: a copy must not start alike twice.

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
    for starts, copy in _copies(run):
        depth = _depth(starts)
        if depth and (_differ(max(starts, key=len)) if depth > 1 else _all_differ(starts)):
            times = f"their first {depth} episodes" if depth > 1 else "their first episode"
            yield Evidence(
                f"all {len(starts)} copies begin {times} with the same observation",
                where=made_at(copy),
                first_update=1,
                strength=0.6,
                data={"copies": len(starts), "resets": depth},
            )
            return


def _same_seed(envs: tuple[EnvFacts, ...]) -> tuple[EnvFacts, int] | None:
    """An environment whose copies were given one seed, and how many they are."""
    for env in envs:
        given = env.seeds[: env.num_envs]
        if not env.alone and len(given) == env.num_envs and given[0] is not None and len(set(given)) == 1:
            return env, env.num_envs
    alike = [e for e in envs if e.alone and e.seeds and e.seeds[0] is not None and e.steps]
    groups: dict[tuple[object, ...], list[EnvFacts]] = {}
    for env in alike:
        groups.setdefault((env.cls, env.spec_id, str(env.made_at), env.seeds[0]), []).append(env)
    largest = max(groups.values(), key=len, default=[])
    return (largest[0], len(largest)) if len(largest) > 1 and len(largest) == len(alike) else None


Starts = list[list[np.ndarray]]
"""[copies][resets] observations that follow a reset."""


def _copies(run: Run) -> Iterator[tuple[Starts, EnvFacts | None]]:
    """Starts of the copies in one vector environment, or of several equal environments that are stepped in turn."""
    streams: dict[int, Starts] = {}
    for (stream, _), starts in sorted(episode_starts(run, unbroken=True).items()):
        streams.setdefault(stream, []).append(starts)
    alone = {env.stream for env in run.train_envs if env.alone}
    for stream, copies in streams.items():
        if len(copies) > 1 and stream not in alone:
            yield copies, train_env(run)
    groups: dict[tuple[str, ...], list[EnvFacts]] = {}
    for env in run.train_envs:
        if env.alone:
            groups.setdefault((env.cls, str(env.spec_id), str(env.made_at)), []).append(env)
    for envs in groups.values():
        each = [streams.get(env.stream, []) for env in envs]
        if len(each) > 1 and all(each):
            yield [one[0] for one in each], envs[0]


def _depth(starts: Starts) -> int:
    """How many first episodes begin alike in all copies that have had so many; these are half of them at least."""
    for depth in range(max(map(len, starts), default=0)):
        reached = [one[depth] for one in starts if len(one) > depth]
        if len(reached) < max(2, len(starts) / 2) or any(not np.array_equal(one, reached[0]) for one in reached):
            return depth
    return max(map(len, starts), default=0)


def _differ(starts: list[np.ndarray]) -> bool:
    """The task starts in different states: the first of some resets is not repeated by the next."""
    return not np.array_equal(starts[0], starts[1])


def _all_differ(starts: Starts) -> bool:
    """No copy ever starts alike twice: a task with few first states would repeat some."""
    each = [{tuple(np.ravel(start)) for start in one} for one in starts]
    return all(len(seen) == len(one) > 1 for seen, one in zip(each, starts, strict=True)) and sum(map(len, each)) >= 8
