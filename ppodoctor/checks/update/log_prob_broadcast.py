"""New and old log-probabilities have different shapes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.loss import Surrogate
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="New and old log-probabilities are broadcast: every new one is compared with every old one",
    fix="Give both log-probabilities the shape [B] before subtracting.",
    faults=(3,),
    needs=("minibatches",),
    explains=("ratio_not_one_at_start", "advantage_broadcast", "steps_too_large"),
    rivals=("advantage_broadcast", "log_prob_not_summed", "stale_samples_reused"),
    refuted_by="A ratio with one number per sample.",
)
def log_prob_broadcast(run: Run) -> Iterator[Evidence]:
    """[B, 1] minus [B] gives [B, B], a ratio for every pair of samples.

    What it sees: the ratio's shape in the graph is B x B for B samples.

    Why it hurts: the ratio compares different actions in different states, so learning is slow and noisy.

    Also looks like: an unsummed log-probability has shape [B, d] with d action dimensions.

    Fix: equal shapes.
    """
    for m in policy_minibatches(run):
        shape = m.surrogate.ratio_shape
        rows = 0 if m.reading.policy_inputs is None else int(m.reading.policy_inputs.shape[0])
        square = len(shape) == 2 and shape[0] == shape[1] and shape[0] == rows and rows > 4
        if square or _outgrown(m.surrogate, rows):
            yield Evidence(
                f"the ratio has shape {list(shape)} for {rows} samples",
                where=m.sites(
                    next((o.surrogate.ratio_site for o in policy_minibatches(run) if o.surrogate.ratio_site), None)
                ),
                first_update=m.reading.update,
            )
            return


def _outgrown(surrogate: Surrogate, rows: int) -> bool:
    """Has the ratio more numbers than either log-probability, and than there are samples? As of [T, B] sequences."""
    numbers, new, old = prod(surrogate.ratio_shape or (0,)), surrogate.log_prob_new, surrogate.log_prob_old
    if new is None or not 1 < rows < numbers:
        return False
    return np.size(new) < numbers and (old is None or np.size(old) < numbers)
