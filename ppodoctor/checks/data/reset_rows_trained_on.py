"""Rows that auto-reset inserts are trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, Evidence, Missing, check
from ppodoctor.measures.samples import sample_uses
from ppodoctor.run import Run


@check(
    title="Steps in which the vector environment only resets are trained on",
    fix="Leave out the row after every done (mask it in the losses and in the advantages' mean and standard "
    "deviation), or make the environments with autoreset_mode=AutoresetMode.SAME_STEP.",
    faults=(31,),
    needs=("minibatches", "rollouts"),
    mild=True,
    explains=("value_function_blind",),
    refuted_by="Minibatches without any row whose action the environment ignored.",
    references=("Gymnasium >= 1.0: vector environments reset in the step after the end by default", "rl_games #362"),
)
def reset_rows_trained_on(run: Run, *, small: float = 0.01) -> Iterator[Evidence]:
    """With next-step auto-reset the step after an end ignores its action and pays 0; such rows are in the loss.

    What it sees: samples of the recorded minibatches that are rows in which the environment did nothing but reset.

    Why it hurts: the policy is credited for an action that had no effect, and the value of a terminal observation is
    trained towards the next episode; the shorter the episodes, the larger the share.

    Also looks like: a done flag that is shifted by one row, which also disturbs one row per episode.

    Fix: mask those rows.

    References: Gymnasium documentation, vector environments: autoreset modes; rl_games #362.
    """
    uses = [use for use in sample_uses(run) if use.reading.surrogate is not None]
    if not uses:
        raise Missing("no minibatch could be matched to recorded environment steps")
    rows, total = sum(int(use.filler.sum()) for use in uses), sum(len(use.filler) for use in uses)
    if rows == 0:
        return
    inserted = float(np.mean([np.mean(r.filler) for r in run.rollouts if r.filler is not None]))
    first = next(use.reading.update for use in uses if use.filler.any())
    made = run.train_envs[0].made_at if run.train_envs else None
    yield Evidence(
        f"{rows} of {total} training samples ({rows / total:.1%}) are steps in which the environment only reset "
        f"itself; such steps are {inserted:.1%} of the rollouts",
        where=(made,) if made is not None else (),
        first_update=first,
        # a few minibatches may hold more of them than all do together: no more can be trained on than there are
        severity=NOTE if min(rows / total, inserted) < small else None,
        data={"seen": rows / total},
    )
