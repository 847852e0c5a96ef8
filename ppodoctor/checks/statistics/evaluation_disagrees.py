"""Evaluation and training scores are far apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, NOTE, Evidence, check
from ppodoctor.measures.returns import evaluation_episodes, task_episodes
from ppodoctor.measures.trend import compare
from ppodoctor.run import Run


@check(
    title="Evaluation scores differ clearly from training scores",
    fix="compare wrappers, normalisation statistics and deterministic against sampled actions of the two",
    severity=NOTE,
    basis=MEASURED,
    faults=(95, 96),
    needs=("envs", "episodes"),
    rivals=("evaluation_without_normaliser",),
    refuted_by="equal scores with equal wrappers and sampled actions",
    references=("Stable-Baselines3, RL tips: evaluation needs its own environment and the same wrappers",),
)
def evaluation_disagrees(run: Run, *, least: int = 10, apart: float = 0.1, p: float = 1e-3) -> Iterator[Evidence]:
    """Evaluation episodes score clearly worse than the training episodes of the same time.

    What it sees: the last evaluation episodes (of an environment that never trains, or played between the training
    steps) against the training episodes of the same updates, by rank. Only a lower score counts: acting greedily is
    expected to score higher.

    Why it hurts: what is reported is not what was trained; often statistics of a normaliser are missing.

    Also looks like: a policy that needs its noise (report both scores then).

    Fix: see above.

    References: Stable-Baselines3 documentation; faults 95, 96.
    """
    tested = evaluation_episodes(run)[-50:]
    if len(tested) < least:
        return
    since = min(e.update for e in tested)
    trained = [e.ret for e in task_episodes(run) if e.update >= since]
    result = compare([e.ret for e in tested], trained)
    if len(trained) >= least and result.superiority < apart and result.p < p:
        yield Evidence(
            f"the last {len(tested)} evaluation episodes return {np.median([e.ret for e in tested]):.4g}, "
            "training episodes "
            f"of the same time {np.median(trained):.4g}",
            strength=0.9,
            data={"superiority": result.superiority},
        )
