"""The learning rate has fallen to nothing while the run goes on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, check
from ppodoctor.measures.observed import curve
from ppodoctor.run import Run


@check(
    title="The learning rate schedule ends long before the run does",
    fix="count the schedule in the unit it is stepped in (updates, not minibatches or environment steps), over "
    "the whole run",
    basis=MEASURED,
    faults=(24, 76),
    needs=("learning_rate",),
    explains=("policy_frozen",),
    rivals=("learning_rate_too_low",),
    refuted_by="a learning rate that reaches its end with the run's last update",
    references=("37 implementation details of PPO: the rate falls linearly to 0 at the end of the run",),
)
def schedule_ends_early(
    run: Run, *, rest: float = 0.02, share: float = 0.2, least: int = 10, after: int = 6
) -> Iterator[Evidence]:
    """For a fifth of the updates or more the learning rate has been at 2% of its start or less.

    What it sees: the learning rate of each update. A schedule that ends with the run is that low for its last 2% only.

    Why it hurts: the remaining updates change nothing.

    Also looks like: a learning rate that is too low from the start; a target KL that drives an adaptive rate to its
    floor (then look for what makes KL large).

    Fix: see above.

    References: 37 implementation details; faults 24, 76.
    """
    updates, rates = curve(run, "learning_rate")
    if len(rates) < least or rates.max() <= 0:
        return
    low = rates <= rest * rates.max()
    tail = len(rates) - 1 - int(np.max(np.flatnonzero(~low), initial=-1))
    if low[0] or tail < max(after, share * len(rates)):
        return
    start = int(updates[len(rates) - tail])
    yield Evidence(
        f"the learning rate fell from {rates.max():.2g} to {rates[-1]:.2g} by update {start} of "
        f"{updates[-1]} and has stayed there",
        column="learning_rate",
        span=(start, int(updates[-1])),
        strength=0.97,
        first_update=start + after,
        data={"start": start},
    )
