"""Value clipping keeps the critic from reaching its targets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import first_value_readings
from ppodoctor.run import Run


@check(
    title="Value clipping is too tight for the size of the returns",
    fix="drop the clipping of the value loss (it has no measured benefit), or scale the rewards",
    basis=RULE,
    faults=(20,),
    needs=("minibatches",),
    explains=("value_function_blind",),
    rivals=("reward_scale_too_large",),
    refuted_by="errors of the critic that are of the size of the clip range",
    treatments=("value_clip=off",),
    references=("Engstrom et al. 2020, Implementation Matters", "Andrychowicz et al. 2021", "RLlib issues 2921, 8908"),
)
def value_clip_too_tight(run: Run, *, factor: float = 15.0, least: int = 2) -> Iterator[Evidence]:
    """The critic's error is many times the range that one update lets it move.

    What it sees: the range of the clipped value loss against the median error of the critic at the start of updates,
    the later half of those that were read.

    Why it hurts: the critic moves by at most the range per update; returns in the hundreds take hundreds of updates.

    Also looks like: rewards that are too large, for another reason.

    Fix: see above.

    References: Engstrom et al. 2020; Andrychowicz et al. 2021; fault 20.
    """
    ratios = []
    for one in first_value_readings(run):
        value = one.value
        if (
            value is None
            or not value.clipped
            or not value.clip_range
            or value.prediction is None
            or value.target is None
        ):
            continue
        if np.shape(value.prediction) == np.shape(value.target):
            ratios.append(float(np.median(np.abs(value.target - value.prediction))) / value.clip_range)
    late = ratios[len(ratios) // 2 :]
    if len(ratios) >= least and np.median(late) > factor:
        yield Evidence(
            f"the critic is off by {np.median(late):.0f} times what the value clip lets it move in an update",
            strength=0.85,
            first_update=least,
            data={"seen": float(np.median(late)), "healthy": (0.0, 5.0)},
        )
