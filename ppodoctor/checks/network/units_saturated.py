"""Most tanh or sigmoid units sit at a limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.activations import always_from
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Most hidden units are saturated",
    fix="normalise the observations, lower the initial gain or the learning rate",
    basis=RULE,
    faults=(85, 84, 43),
    needs=("saturated_share",),
    explains=("value_function_blind", "policy_frozen"),
    rivals=("observations_unscaled", "learning_rate_too_high"),
    refuted_by="outputs that spread between the limits",
    treatments=("normalize_observations=true",),
    references=("fault 85: tanh above 0.99 in more than half of the outputs",),
)
def units_saturated(
    run: Run, *, most: float = 0.6, nearly_all: float = 0.85, whole: float = 0.95, least: int = 2
) -> Iterator[Evidence]:
    """More than 60% of the outputs of tanh or sigmoid units lie within 1% of a limit, or 95% of one whole layer's.

    What it sees: the share of such outputs in the first minibatch of the typical update, and layer by layer in the
    recorded graphs of the loss.

    Why it hurts: a saturated unit passes almost no gradient; the first layer stops to learn.

    Also looks like: a consequence of inputs that are not scaled (so from the start) or of large steps (so later).

    Fix: see above.

    References: fault 85.
    """
    layer = always_from(run, "saturated", whole)
    share = finite(run.column("saturated_share"))
    if layer is not None and len(share) >= least and np.median(share) <= nearly_all:
        yield Evidence(
            f"of one hidden layer {whole:.0%} of the tanh or sigmoid outputs or more are within 1% of a limit, in "
            "every minibatch that was read: it passes almost no gradient",
            strength=0.93,
            first_update=layer,
            data={"seen": whole, "healthy": (0.0, 0.3)},
        )
    elif len(share) >= least and np.median(share) > most:
        yield Evidence(
            f"{np.median(share):.0%} of the tanh or sigmoid outputs are within 1% of a limit ({share[0]:.0%} at first)",
            column="saturated_share",
            span=span_of(run, "saturated_share"),
            strength=0.96 if np.median(share) > nearly_all else 0.75,
            first_update=least,
            data={"seen": float(np.median(share)), "healthy": (0.0, 0.3)},
        )
