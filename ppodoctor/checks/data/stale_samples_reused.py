"""Samples of earlier rollouts are used again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.samples import Use, inputs_collapsed, sample_uses
from ppodoctor.run import Run


@check(
    title="Samples that an earlier policy collected, and that were already trained on, are used again",
    fix="Empty the buffer after every update.",
    faults=(35,),
    needs=("minibatches", "rollouts"),
    explains=("ratio_not_one_at_start", "steps_too_large", "value_function_blind"),
    rivals=("ratio_not_one_at_start",),
    refuted_by="Minibatches whose samples all come from the steps since the last update.",
    references=("docs/faults.md: invariant I1 with staleness",),
)
def stale_samples_reused(run: Run, *, share: float = 0.02) -> Iterator[Evidence]:
    """Samples of an update are steps that were taken before the update before it.

    What it sees: the recorded rollout that each training sample comes from.

    Why it hurts: the ratio compares the new policy with one several updates old; most samples are outside of the clip
    and teach nothing, or pull the policy back.

    Also looks like: episodes that were unfinished at the last update and are used now for the first time; those are
    not counted.

    Fix: clear the lists or move the write position back to 0.

    References: A. Jones, Debugging RL, without the agonizing pain: KL at the first epoch.
    """
    if inputs_collapsed(run):
        raise Missing("the stored observations are not those of the steps")
    uses = [use for use in sample_uses(run) if use.reading.surrogate is not None]
    if not uses:
        raise Missing("no minibatch could be matched to recorded environment steps")
    used: dict[int, int] = {}
    bad: list[tuple[Use, float]] = []
    for use in uses:
        update = use.reading.update
        old = (use.row >= 0) & ~use.own
        again = np.array([used.get(int(row), update) < update for row in use.row]) & old
        if again.mean() > share:
            bad.append((use, float(again.mean())))
        for row in use.row[use.row >= 0].tolist():
            used.setdefault(row, update)
    if not bad:
        return
    later = sum(use.reading.update > uses[0].reading.update for use in uses)
    yield Evidence(
        f"{np.mean([one for _, one in bad]):.0%} of the samples in {len(bad)} of {later} minibatches after the first "
        "update had been trained on in an earlier update",
        first_update=bad[0][0].reading.update,
        data={"seen": max(one for _, one in bad)},
    )
