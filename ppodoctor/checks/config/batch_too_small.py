"""Minibatches hold a handful of samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Minibatches are too small",
    fix="use 32 to 512 samples (discrete actions), 256 to 4096 (continuous)",
    basis=RULE,
    tolerable=True,
    faults=(74, 42),
    needs=("minibatch_size",),
    explains=("steps_too_large",),
    rivals=("learning_rate_too_high",),
    refuted_by="no calmer curves with minibatches eight times as large",
    treatments=("minibatch_size*8",),
    references=("ML-Agents: 32 to 512 discrete, 512 to 5120 continuous",),
)
def batch_too_small(run: Run, *, few: int = 8, least: int = 5) -> Iterator[Evidence]:
    """Fewer than 8 samples in one policy loss.

    What it sees: the number of samples in the minibatches, its median.

    Why it hurts: the gradient is noise, and normalising eight advantages throws most of their information away.

    Also looks like: a learning rate that is too high.

    Fix: see above.

    References: ML-Agents; fault 74.
    """
    sizes = finite(run.column("minibatch_size"))
    if len(sizes) >= least and np.median(sizes) < few:
        yield Evidence(
            f"the typical policy loss is over {np.median(sizes):.0f} samples (usual is 32 or more)",
            column="minibatch_size",
            strength=0.7,
            first_update=least,
            data={"seen": float(np.median(sizes)), "healthy": (32, 4096)},
        )
