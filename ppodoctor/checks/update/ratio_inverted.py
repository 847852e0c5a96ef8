"""The probability ratio is old over new."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The ratio is upside down: old probability over new",
    fix="ratio = exp(new_log_prob - old_log_prob)",
    faults=(8,),
    needs=("minibatches",),
    explains=("return_below_random", "entropy_collapsed", "steps_too_large", "return_peaked_then_fell"),
    rivals=("policy_loss_sign_flipped", "reward_sign_flipped"),
    refuted_by="The exponent's gradient side (the new log-probability) enters with a plus sign.",
    references=("Schulman et al. 2017, equation 6",),
)
def ratio_inverted(run: Run) -> Iterator[Evidence]:
    """The ratio falls when an action becomes likelier, so good actions are made rarer.

    What it sees: in the graph the log-probability that carries the gradient enters the exponential with a minus sign
    (or stands below the fraction line). In the first minibatch the ratio is still 1, so a ratio test does not see it.

    Why it hurts: the policy moves away from actions with a positive advantage.

    Also looks like: a flipped sign of the policy loss acts the same way; there the ratio is the right way up.

    Fix: new minus old in the exponent.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.inverted]
    if wrong and len(wrong) >= 0.9 * len(found):
        sites = [m for m in wrong if m.surrogate.ratio_site is not None] or wrong
        yield Evidence(
            f"the new log-probability enters the ratio with a minus sign in all {len(wrong)} policy losses read",
            where=sites[0].sites(sites[0].surrogate.ratio_site),
            first_update=wrong[0].reading.update,
        )
