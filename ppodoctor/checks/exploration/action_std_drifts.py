"""The spread of a Gaussian policy grows and grows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import RULE, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import blocks, finite, trend
from ppodoctor.run import Run


@check(
    title="The standard deviation of the actions grows without end",
    fix="set the entropy coefficient to 0 for Gaussian policies, bound log_std, rescale the actions to [-1, 1]",
    basis=RULE,
    faults=(78,),
    needs=("action_std",),
    explains=("actions_saturated",),
    rivals=("entropy_bonus_too_large", "learning_rate_too_high", "reward_scale_too_small"),
    refuted_by="a spread that settles, or a return that rises with it",
    treatments=("entropy_coefficient=0",),
    references=("sb3-contrib issue 282", "fault 78"),
)
def action_std_drifts(run: Run, *, times: float = 3.0, absurd: float = 10.0, least: int = 20) -> Iterator[Evidence]:
    """The mean standard deviation is at least three times its start and has a clear rising trend.

    What it sees: the standard deviation of the policy per update.

    Why it hurts: clipped actions give no gradient that would reduce the spread, and an entropy bonus on an unbounded
    Gaussian pays for every bit of it.

    Also looks like: a bonus that is too large (then its coefficient is), steps that are too large (then KL is).
    A negative differential entropy, on the other hand, is no fault.

    Fix: see above.

    References: sb3-contrib issue 282; fault 78.
    """
    stds = finite(run.column("action_std"))
    if len(stds) < least or stds[0] <= 0:
        return
    first, late, rise = float(np.median(stds[:3])), float(np.median(stds[-5:])), trend(blocks(stds, 24))
    if late > times * first and rise.tau > 0.6 and rise.p < 0.001:
        yield Evidence(
            f"the actions' standard deviation grew from {first:.3g} to {late:.3g} over {len(stds)} updates",
            column="action_std",
            span=span_of(run, "action_std"),
            strength=0.97 if late > absurd * first else 0.75,
            first_update=least,
            data={"seen": late / first, "usual": (0.05, 1.5)},
        )
