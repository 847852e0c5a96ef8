"""The advantage carries a gradient into the critic."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The advantage is not detached: the policy loss trains the critic",
    fix="Use advantage.detach() in the policy loss (or compute it under torch.no_grad()).",
    faults=(10,),
    needs=("minibatches",),
    explains=("value_function_blind", "steps_too_large"),
    rivals=("value_target_not_detached", "value_function_blind"),
    refuted_by="The factor beside the ratio needs no gradient.",
)
def advantage_not_detached(run: Run) -> Iterator[Evidence]:
    """The policy loss's gradient flows through the advantage into the value network.

    What it sees: both factors of ratio x advantage need a gradient.

    Why it hurts: the critic is pushed to make advantages large where the ratio is large instead of predicting returns.

    Also looks like: a value function that stays blind for other reasons; there the advantage is constant in the graph.

    Fix: detach.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.advantage_has_grad]
    if wrong:
        yield Evidence(
            f"the advantage needs a gradient in {len(wrong)} of {len(found)} policy losses read",
            where=wrong[0].sites(next((m.surrogate.advantage_site for m in wrong if m.surrogate.advantage_site), None)),
            first_update=wrong[0].reading.update,
        )
