"""Every episode is started with one and the same seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.acting import row_keys
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.starts import Starts, episode_starts
from ppodoctor.run import Run


@check(
    title="Every reset uses the same seed, so all episodes start alike",
    fix="seed the first reset only: env.reset(seed=seed) once, env.reset() afterwards",
    tolerable=True,
    faults=(50,),
    needs=("envs",),
    refuted_by="resets without a seed, or with changing ones",
    references=("Gymnasium, Env.reset: seed once, right after the environment is made",),
)
def reset_always_same_seed(run: Run, *, least: int = 5) -> Iterator[Evidence]:
    """The seed given to `reset` never changes, or every episode of a copy of the environment starts alike.

    What it sees: the seeds that the script passed to `reset` (or `seed`), at least five of them, all equal or all equal
    in each of several copies. Without seeds: first observations of episodes that are the same in all episodes of a
    copy and others in the other copies, so that starts are drawn, and drawn alike.

    Why it hurts: the agent sees one start and one sequence of random events; it learns that sequence by heart and fails
    on any other. Training curves look fine.

    Also looks like: an evaluation gap; an environment with one fixed start, whose copies all start there.

    Fix: see above.

    References: Gymnasium, Env.reset; fault 50.
    """
    single = [env for env in run.train_envs if env.alone]
    for group in [[env] for env in single if len(single) == 1] or [single]:
        # the first reset may well be seeded, and each copy's otherwise
        seeds = [env.seeds[1:] for env in group]
        given = sum(map(len, seeds))
        resets = sum(env.resets for env in group)
        known = sum(min(env.resets, 64) - 1 for env in group)
        values = {seed for part in seeds for seed in part if seed is not None}
        random = any(seed is None for part in seeds for seed in part)
        each = all(len(set(part)) == 1 for part in seeds)
        if given + 1 >= least and given >= 0.8 * known and not random and (len(values) == 1 or each):
            said = f"seed {min(values)}" if len(values) == 1 else f"one seed in each of {len(group)} environments"
            yield Evidence(
                f"{resets} resets, and all that were recorded behind the first have {said}",
                where=tuple(site for site in (group[0].reset_at,) if site is not None),
                strength=0.6,
                data={"seeds": sorted(values), "resets": resets},
            )
            return
    # the first episode of each may start otherwise, as the first reset may
    often = {copy: row_keys(np.stack(starts[1:]).reshape(len(starts) - 1, -1)) for copy, starts in _often(run).items()}
    alike = all(len(np.unique(keys)) == 1 for keys in often.values())
    if len(often) > 1 and alike and len({int(keys[0]) for keys in often.values()}) == len(often):
        yield Evidence(
            f"all {sum(map(len, often.values()))} recorded episodes of {len(often)} copies of the environment start "
            "alike in each copy (behind its first one), and differently in each of the others",
            where=made_at(train_env(run)),
            strength=0.6,
            data={"copies": len(often)},
        )


EPISODES = 3
"""Starts of a copy that must be recorded for it to be judged by them."""


def _often(run: Run) -> Starts:
    return {copy: starts for copy, starts in episode_starts(run).items() if len(starts) > EPISODES}
