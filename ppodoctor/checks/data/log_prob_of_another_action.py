"""The log-probability is taken of an action that was not sent."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.samples import action_agreement, inputs_collapsed, sample_uses
from ppodoctor.run import Run


@check(
    title="The action in the loss is not the one that the environment received",
    fix="Store the action that was sampled, once, and use it for the environment and for the log-probability.",
    faults=(9, 40),
    needs=("minibatches", "rollouts"),
    mild=True,
    explains=("ratio_not_one_at_start",),
    rivals=("observations_shifted", "clipped_action_stored", "action_ignored_by_env"),
    refuted_by="Samples whose action equals the one sent at their step, or maps onto it one to one.",
)
def log_prob_of_another_action(run: Run, *, same: float = 0.9) -> Iterator[Evidence]:
    """Samples hold actions that were not those sent at their observation, and no rule leads from one to the other.

    What it sees: each sample's action against the one the environment got at the matched step. A renaming, a scaling
    or a clip on the way to the environment is recognised and passes.

    Why it hurts: the policy is credited for actions that nobody took.

    Also looks like: observations shifted by one step; there the action fits the neighbouring step.

    Fix: do not sample twice, and do not change stored actions in place.

    References: docs/faults.md, invariant I6; garage #291.
    """
    if inputs_collapsed(run):
        raise Missing("the stored observations are not those of the steps")
    found = action_agreement(run)
    if found is None or found.samples < 32:
        raise Missing("no actions of matched samples to compare")
    if found.here >= same or found.mapped or max(found.before, found.after) >= same:
        return
    yield Evidence(
        f"of {found.samples} samples only {found.here:.0%} hold the action that was sent at their observation, and the "
        "others are no function of it",
        first_update=sample_uses(run)[0].reading.update,
    )
