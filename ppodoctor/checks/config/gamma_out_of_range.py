"""The discount is not between 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, Evidence, Missing, check
from ppodoctor.measures.observed import gamma
from ppodoctor.run import Run


@check(
    title="The discount is outside of 0 to 1",
    fix="use a gamma between 0.9 and 0.999",
    faults=(71, 36),
    needs=("minibatches", "rollouts"),
    explains=("reward_scale_too_large", "value_function_blind", "update_not_finite"),
    refuted_by="a discount of at most 1",
    references=("fault 71",),
)
def gamma_out_of_range(run: Run, *, slack: float = 1e-3) -> Iterator[Evidence]:
    """Future rewards count more the later they come, or with alternating sign.

    What it sees: the discount that the recomputed advantages or targets follow.

    Why it hurts: returns grow without bound with the length of the episode.

    Also looks like: rewards that are too large.

    Fix: see above.

    References: fault 71.
    """
    discount, site = gamma(run)
    if not np.isfinite(discount):
        raise Missing("the discount, which no fit of the advantages has shown")
    if discount > 1 + slack or discount < -slack:
        place = (site,) if site is not None else ()
        yield Evidence(f"the advantages follow gamma = {discount:.4g}", where=place, severity=CAUSE, first_update=1)
