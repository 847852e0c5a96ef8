"""Actions have drifted to the bounds of the space."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import NOTE, RULE, Evidence, check
from ppodoctor.measures.observed import span_of
from ppodoctor.measures.trend import blocks, finite, trend
from ppodoctor.run import Run


@check(
    title="Most actions have come to lie at the bounds of the space",
    fix="rescale actions to [-1, 1], bound the standard deviation, and look for what drives it up (entropy "
    "bonus, reward)",
    severity=NOTE,
    basis=RULE,
    faults=(46,),
    needs=("action_bound_share",),
    rivals=("action_range_mismatched",),
    refuted_by="a run that learns: bang-bang control is optimal in some tasks",
    references=("Stable-Baselines3, RL tips and tricks; mesozoic-labs issue 424",),
)
def actions_saturated(run: Run, *, high: float = 0.5, before: float = 0.3, least: int = 20) -> Iterator[Evidence]:
    """At first few action components were at a bound, now most of them are.

    What it sees: the share of action components at or beyond a bound, per rollout: under 30% at the start, over 50%
    lately, with a rising trend.

    Why it hurts: a clipped action gets no gradient that would bring it back; the standard deviation grows for free.

    Also looks like: `action_range_mismatched` (then it is so from the first rollout). Some tasks are solved by full
    throttle: a note, not a cause.

    Fix: see above.

    References: Stable-Baselines3, RL tips; fault 46.
    """
    share = finite(run.column("action_bound_share"))
    if len(share) < least:
        return
    late = float(np.median(share[-max(5, len(share) // 4) :]))
    if np.median(share[:3]) < before and late > high and trend(blocks(share, 24)).p < 0.01:
        yield Evidence(
            f"action components at a bound: {np.median(share[:3]):.0%} at first, {late:.0%} lately",
            column="action_bound_share",
            span=span_of(run, "action_bound_share"),
            strength=0.8,
            data={"healthy": (0.0, before), "seen": late},
        )
