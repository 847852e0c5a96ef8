"""The untrained policy is already sure of itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, RULE, Evidence, check
from ppodoctor.measures.observed import policy_readings
from ppodoctor.run import Run


@check(
    title="The untrained policy already prefers some actions",
    fix="initialise the policy's last layer 100 times smaller: orthogonal_(head.weight, gain=0.01)",
    basis=RULE,
    tolerable=True,
    faults=(83,),
    needs=("minibatches",),
    explains=("entropy_collapsed",),
    rivals=("observations_unscaled", "learning_rate_too_high"),
    refuted_by="a first entropy above 90% of its maximum",
    references=(
        "Andrychowicz et al. 2021: last policy layer 100 times smaller",
        "37 implementation details: gain 0.01",
    ),
)
def policy_head_not_small(run: Run, *, share: float = 0.8, certain: float = 0.3) -> Iterator[Evidence]:
    """Before the first optimizer step the entropy is under 80% of its maximum.

    What it sees: the distribution in the very first minibatch, before any step. Discrete actions only. Under 30% is
    beyond habit: scaled inputs or the initialisation are wrong.

    Why it hurts: exploration is lopsided from the start, and the first advantages are about few actions.

    Also looks like: observations that are not scaled (then the first layer's input is large).

    Fix: see above.

    References: Andrychowicz et al. 2021; 37 implementation details; fault 83.
    """
    first = [r for r in policy_readings(run) if r.version == 0 and r.head is not None and r.head.logits is not None]
    for one in first[:1]:
        logits = np.asarray(one.head.logits if one.head is not None else (), float)
        if logits.ndim < 2 or logits.shape[-1] < 2 or not np.isfinite(logits).all():
            return
        entropy = float(-(np.exp(logits) * logits).sum(-1).mean() / np.log(logits.shape[-1]))
        if entropy < share:
            yield Evidence(
                f"before any training the entropy is {entropy:.0%} of its maximum (usual is above 95%)",
                strength=0.9 if entropy < certain else 0.5,
                basis=MEASURED if entropy < certain else RULE,
                first_update=1,
                data={"seen": entropy, "healthy": (0.9, 1.0)},
            )
