"""The learning rate is 0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.run import Run


@check(
    title="The learning rate is 0",
    fix="set the learning rate; look at the schedule: progress counted from the wrong end, or integer division",
    faults=(24, 67),
    needs=("learning_rate",),
    explains=(
        "policy_frozen",
        "policy_stays_uniform",
        "value_function_blind",
        "parameters_never_move",
        "learning_rate_too_low",
    ),
    rivals=("parameters_never_move",),
    refuted_by="a learning rate above 0 at any optimizer step",
    references=("fault 24",),
)
def learning_rate_zero(run: Run, *, least: int = 2) -> Iterator[Evidence]:
    """From the first update on, the optimizer steps by nothing.

    What it sees: the learning rate of the optimizer at its steps, 0 in each of the first updates.

    Why it hurts: no parameter can change.

    Also looks like: parameters that are in no optimizer, an advantage without spread.

    Fix: see above.

    References: fault 24.
    """
    rates = run.column("learning_rate")
    known = rates[np.isfinite(rates)]
    if len(known) >= least and not known[: max(least, len(known) // 2)].any():
        count = int((known == 0).sum())
        yield Evidence(
            f"the learning rate is exactly 0 in {count} of {len(known)} updates, from the first one on",
            column="learning_rate",
            where=tuple(o.made_at for o in run.optimizers[:1] if o.made_at is not None),
            severity=CAUSE,
            first_update=1,
        )
