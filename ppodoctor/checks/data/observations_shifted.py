"""Observations are stored beside the action of another step."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.samples import action_agreement, inputs_collapsed, sample_uses
from ppodoctor.run import Run


@check(
    title="Actions are trained on the observation of the step before or after",
    fix="Store the observation that the action was chosen on, before step() replaces it.",
    faults=(33,),
    needs=("minibatches", "rollouts"),
    explains=("ratio_not_one_at_start", "value_function_blind", "log_prob_of_another_action"),
    rivals=("rewards_shifted", "log_prob_of_another_action"),
    refuted_by="Samples whose action is the one that was sent at their observation.",
)
def observations_shifted(run: Run, *, same: float = 0.98) -> Iterator[Evidence]:
    """The action of a sample is the one that was sent one step beside its observation.

    What it sees: each sample's observation, matched to the environment's steps, and the actions sent there, one step
    before and one step after.

    Why it hurts: the policy learns which action led to an observation rather than which to take on it.

    Also looks like: rewards that are shifted; there observation and action belong together.

    Fix: keep the old observation until the transition is stored.

    References: A. Jones, probe environments 4 and 5.
    """
    if inputs_collapsed(run):
        raise Missing("the stored observations are not those of the steps")
    found = action_agreement(run)
    if found is None or found.samples < 16:
        raise Missing("no actions of matched samples to compare")
    beside = max(found.before, found.after)
    # last observations of episodes may look like steps elsewhere: that takes a few samples from a clear case
    if found.here >= same or (beside < same and (beside < 0.92 or found.here > beside - 0.2)):
        return
    when = "before" if found.before > found.after else "after"
    env = run.train_envs[0] if run.train_envs else None
    yield Evidence(
        f"of {found.samples} samples {beside:.0%} hold the action sent one step {when} their "
        f"observation, {found.here:.0%} the one sent on it",
        where=tuple(site for site in (env.stepped_at if env else None,) if site is not None),
        first_update=sample_uses(run)[0].reading.update,
    )
