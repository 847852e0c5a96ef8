"""The loss or the gradient became NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ppodoctor.checks.api import CAUSE, Evidence, check
from ppodoctor.run import Run

_WATCHED = ("policy_loss", "grad_norm")


@check(
    title="The update computes numbers that are not finite",
    fix="look at the first quantity named: log of 0, a standard deviation of 0 (one sample), an overflowing "
    "exponential",
    faults=(91, 42),
    needs=("policy_loss", "grad_norm"),
    explains=("policy_frozen", "value_function_blind", "entropy_collapsed", "return_peaked_then_fell"),
    rivals=("observation_not_finite", "reward_not_finite", "learning_rate_too_high"),
    refuted_by="finite losses and gradients in all updates",
    references=("all training debuggers: the first bad tensor wins",),
)
def update_not_finite(run: Run) -> Iterator[Evidence]:
    """The loss or the gradient of an update is NaN or infinite.

    What it sees: the policy loss and the gradient norm of each update that was read; the first bad one is named.

    Why it hurts: after one step with a NaN gradient all parameters are NaN.

    Also looks like: NaN that came in with observations or rewards (these are named first), or an explosion by steps
    that are too large.

    Fix: see above.

    References: fault 91; a minibatch of one sample has a standard deviation of NaN (fault 42).
    """
    for row in run.updates:
        bad = [name for name in _WATCHED if _broken(getattr(row, name))]
        if bad:
            yield Evidence(
                f"update {row.update}: {', '.join(bad)} {'is' if len(bad) == 1 else 'are'} not finite",
                column=bad[0],
                span=(row.update, row.update),
                severity=CAUSE,
                first_update=row.update,
            )
            return


def _broken(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
