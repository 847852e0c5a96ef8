"""Every episode is started with one and the same seed."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
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
    """The seed given to `reset` never changes.

    What it sees: the seeds that the script passed to `reset` (or `seed`), at least five of them, all equal.

    Why it hurts: the agent sees one start and one sequence of random events; it learns that sequence by heart and fails
    on any other. Training curves look fine.

    Also looks like: an evaluation gap.

    Fix: see above.

    References: Gymnasium, Env.reset; fault 50.
    """
    single = [env for env in run.train_envs if env.num_envs == 1]
    for group in [[env] for env in single if len(single) == 1] or [single]:
        # the first reset may well be seeded, and each copy's otherwise
        seeds = [seed for env in group for seed in env.seeds[1:]]
        resets = sum(env.resets for env in group)
        known = sum(min(env.resets, 64) - 1 for env in group)
        if len(seeds) + 1 >= least and len(seeds) >= 0.8 * known and seeds[0] is not None and len(set(seeds)) == 1:
            yield Evidence(
                f"{resets} resets, and all that were recorded behind the first have seed {seeds[0]}",
                where=tuple(site for site in (group[0].reset_at,) if site is not None),
                strength=0.6,
                data={"seed": seeds[0], "resets": resets},
            )
