"""Units die one after the other, and with them the return."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.returns import COLLAPSED, learning
from ppodoctor.measures.trend import blocks, finite, trend
from ppodoctor.run import Run


@check(
    title="The network loses its units, and the return falls with them",
    fix="add LayerNorm, use fewer epochs, decay the learning rate; a lower rate alone only delays it",
    basis=MEASURED,
    faults=(86, 87),
    needs=("dead_share", "episodes"),
    explains=("value_function_blind", "entropy_collapsed"),
    rivals=("learning_rate_too_high", "schedule_ends_early"),
    refuted_by="a return that comes back without a change of the network",
    references=(
        "Moalla et al. 2024, No Representation, No Trust",
        "Sokar et al. 2023, The Dormant Neuron Phenomenon",
        "Juliani and Ash 2024",
    ),
)
def plasticity_lost(run: Run, *, rise: float = 0.2, p: float = 0.001, least: int = 40) -> Iterator[Evidence]:
    """The share of dead units rises by a fifth of all units with a clear trend, and the return has collapsed.

    What it sees: dead units per update and the returns. Both conditions; either alone is common.

    Why it hurts: features that are gone do not come back; clipping no longer limits the policy.

    Also looks like: a learning rate that is too high from the start (then steps are large early). Told apart by a run
    with a reset of the last layers: learning returns.

    Fix: see above.

    References: Moalla et al. 2024; Sokar et al. 2023; Juliani and Ash 2024; faults 86, 87.
    """
    share = finite(run.column("dead_share"))
    if len(share) < least:
        return
    first, late, rising = float(np.median(share[:5])), float(np.median(share[-5:])), trend(blocks(share, 24))
    if late - first > rise and rising.tau > 0.4 and rising.p < p and learning(run).status == COLLAPSED:
        yield Evidence(
            f"dead units grew from {first:.0%} to {late:.0%} while the return fell from its best",
            column="dead_share",
            span=span_of(run, "dead_share"),
            strength=0.8,
            first_update=least,
            data={"seen": late, "healthy": (0.0, 0.3)},
        )
