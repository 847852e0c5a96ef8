"""Advantages are normalised over samples that have no spread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.advantage.fitted import sites
from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="Advantages are normalised over one sample, or over samples without spread",
    fix="Normalise over the whole batch, or make the last minibatch as large as the others (drop or merge it).",
    faults=(42,),
    needs=("minibatches",),
    explains=("update_not_finite", "policy_frozen"),
    refuted_by="Advantages with a finite mean and a standard deviation above 0 in every minibatch.",
    references=("Stable-Baselines3 warns of a truncated minibatch of size 1",),
)
def advantage_normalisation_degenerate(run: Run) -> Iterator[Evidence]:
    """A minibatch's advantages are NaN, or all 0, because they were normalised over too few samples.

    What it sees: the advantages of every recorded minibatch, with its size.

    Why it hurts: the standard deviation of one sample is NaN (or 0), and NaN spreads to every parameter; advantages
    of 0 teach nothing.

    Also looks like: rewards that are constant make all advantages equal in large minibatches too.

    Fix: choose a minibatch size that divides the batch.

    References: Stable-Baselines3, PPO: warning about a truncated minibatch of size 1.
    """
    found = [m for m in policy_minibatches(run) if m.surrogate.advantage is not None]
    if not found:
        raise Missing("no advantage could be read")
    sizes = [np.asarray(m.surrogate.advantage).size for m in found]
    bad = [
        m
        for m, size in zip(found, sizes, strict=True)
        if size <= max(2, 0.05 * max(sizes)) and _is_degenerate(np.asarray(m.surrogate.advantage, np.float64))
    ]
    if bad and max(sizes) > 2:
        first = bad[0]
        size = np.asarray(first.surrogate.advantage).size
        kind = "NaN" if not np.isfinite(np.asarray(first.surrogate.advantage, np.float64)).all() else "0"
        yield Evidence(
            f"advantages are {kind} in {len(bad)} of {len(found)} minibatches read; the first has {size} sample"
            f"{'s' if size > 1 else ''} where others have up to {max(sizes)}",
            where=sites(run, "normalisation"),
            first_update=first.reading.update,
        )


def _is_degenerate(advantage: np.ndarray) -> bool:
    return not bool(np.isfinite(advantage).all()) or float(np.abs(advantage).max()) < 1e-12
