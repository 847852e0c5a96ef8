"""Part of the rollout is never trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, Evidence, Missing, check
from ppodoctor.measures.samples import first_epochs, inputs_collapsed
from ppodoctor.run import Run


@check(
    title="Part of every rollout is not trained on",
    fix="Let the minibatches cover the batch: check the range of the loop and the last, smaller minibatch.",
    faults=(19,),
    needs=("minibatches", "rollouts"),
    severity=NOTE,
    rivals=("minibatch_drawn_with_replacement",),
    refuted_by="A pass that uses every step of the rollout.",
    references=("docs/faults.md: invariant I9",),
)
def samples_dropped(run: Run, *, share: float = 0.1) -> Iterator[Evidence]:
    """A pass over the rollout ends before all of its steps were used.

    What it sees: the environment steps of the minibatches up to the first that repeats them.

    Why it hurts: the environment is asked for more than is used; if the dropped part is always the same (the last
    rows, one environment) the policy never learns about it.

    Also looks like: drawing with replacement, which repeats samples as well.

    Fix: iterate over the whole batch.

    References: docs/faults.md, invariant I9.
    """
    if inputs_collapsed(run):
        raise Missing("the stored observations are not those of the steps")
    found = [epoch for epoch in first_epochs(run) if epoch.complete]
    if not found:
        raise Missing("no complete pass over a recorded rollout was read")
    rollouts = run.column("rollout_steps")
    # steps on top of the usual ones, before this update alone, are an evaluation in the training environment
    usual = float(np.nanmedian(rollouts)) if np.isfinite(rollouts).any() else 0.0
    bad = [
        e
        for e in found
        if e.missing > share * e.steps and e.repeated <= 0.03 * e.samples and (e.steps <= usual or e.samples < usual)
    ]
    if len(bad) == len(found):
        epoch = bad[0]
        yield Evidence(
            f"{epoch.missing} of {epoch.steps} steps of the rollout are not used in the first pass of the update",
            first_update=epoch.update,
            data={"seen": epoch.missing / epoch.steps},
        )
