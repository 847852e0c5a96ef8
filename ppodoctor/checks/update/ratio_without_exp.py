"""The ratio is a difference of log-probabilities, without the exponential."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The ratio is not exponentiated: a difference of log-probabilities is used as the ratio",
    fix="ratio = torch.exp(new_log_prob - old_log_prob)",
    faults=(8,),
    needs=("minibatches",),
    explains=(
        "parameters_never_move",
        "ratio_not_one_at_start",
        "policy_frozen",
        "policy_stays_uniform",
        "steps_too_large",
        "entropy_collapsed",
    ),
    rivals=("ratio_not_one_at_start", "ratio_without_old_policy"),
    refuted_by="An exponential between the log-probabilities and the product with the advantage.",
)
def ratio_without_exp(run: Run) -> Iterator[Evidence]:
    """log p_new - log p_old multiplies the advantage; it is 0, not 1, while the policies are equal.

    What it sees: the graph has a difference of log-probabilities and no exponential before the advantage; in the first
    minibatch the "ratio" is 0.

    Why it hurts: with bounds around 1 the clamp replaces every value, and the minimum picks the constant branch for
    half the samples, so their gradient is zero or unbounded.

    Also looks like: a ratio that is not 1 for other reasons (dropout, another action); there an exponential is present.

    Fix: exponentiate the difference.
    """
    wrong = [m for m in policy_minibatches(run) if m.surrogate.form == "log_difference"]
    if wrong:
        first = wrong[0]
        mean = (
            ""
            if first.surrogate.ratio is None
            else f"; its mean in the first one is {float(np.mean(first.surrogate.ratio)):.3g}, a ratio's would be 1"
        )
        yield Evidence(
            f"no exponential forms the ratio in {len(wrong)} policy losses read{mean}",
            where=first.sites(next((m.surrogate.ratio_site for m in wrong if m.surrogate.ratio_site), None)),
            first_update=first.reading.update,
        )
