"""Most ReLU units are 0 for every sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import EXACT, RULE, Evidence, check
from ppodoctor.measures.activations import always_from
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@check(
    title="Most hidden units are dead",
    fix="use tanh (or leaky units), a smaller learning rate, scaled inputs, orthogonal initialisation",
    basis=RULE,
    faults=(85, 87),
    needs=("dead_share",),
    explains=("value_function_blind", "policy_frozen", "network_ignores_observation", "parameters_never_move"),
    rivals=("learning_rate_too_high", "observations_unscaled"),
    refuted_by="units that respond to some sample",
    treatments=("activation=tanh",),
    references=("Andrychowicz et al. 2021: tanh best, ReLU worst", "Sokar et al. 2023: dormant neurons"),
)
def units_dead(run: Run, *, most: float = 0.7, nearly_all: float = 0.9, least: int = 2) -> Iterator[Evidence]:
    """More than 70% of the ReLU units give 0 for every sample of a minibatch, lately; or one whole layer does, always.

    What it sees: the share of such units in the first minibatch of each update, and layer by layer in the recorded
    graphs of the loss.

    Why it hurts: a dead unit has no gradient and does not come back; the network is as wide as what is left.

    Also looks like: a consequence of steps that are too large or of inputs that are too large.

    Fix: see above.

    References: Andrychowicz et al. 2021; Sokar et al. 2023; fault 85.
    """
    layer = always_from(run, "dead", 1.0)
    if layer is not None:
        yield Evidence(
            "all units of one ReLU layer are 0 for every sample, in every minibatch that was read: "
            "nothing passes it, forwards or backwards",
            basis=EXACT,
            first_update=layer,
            data={"seen": 1.0, "healthy": (0.0, 0.3)},
        )
        return
    share = finite(run.column("dead_share"))
    if len(share) < least:
        return
    late = float(np.median(share[-max(1, len(share) // 4) :]))
    if late > most:
        grew = f", {share[0]:.0%} at first" if share[0] < 0.8 * late else ", from the start"
        yield Evidence(
            f"{late:.0%} of the ReLU units are 0 for every sample{grew}",
            column="dead_share",
            span=span_of(run, "dead_share"),
            strength=0.96 if late > nearly_all else 0.75,
            first_update=least,
            data={"seen": late, "healthy": (0.0, 0.3)},
        )
