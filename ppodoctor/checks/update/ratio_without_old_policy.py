"""The policy term has no old policy in it."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The policy loss has no ratio: the old policy does not enter it",
    fix="Store log_prob at rollout time and use ratio = exp(log_prob - stored_log_prob).",
    faults=(1, 8),
    needs=("minibatches",),
    explains=("steps_too_large", "entropy_collapsed", "return_peaked_then_fell", "parameters_never_move"),
    rivals=("old_log_prob_recomputed", "surrogate_not_clipped"),
    refuted_by="A stored log-probability (or probability) that divides the new one.",
)
def ratio_without_old_policy(run: Run) -> Iterator[Evidence]:
    """The loss uses log p(a) A (policy gradient) or p(a) A; nothing relates it to the policy that collected the data.

    What it sees: the policy term's factor is the log-probability or the bare probability; no stored one is subtracted
    or divided by. Plain log p(a) A with one step per rollout is A2C and is a note.

    Why it hurts: from the second step on, the data no longer come from the policy that is being changed, and nothing
    corrects or limits that.

    Also looks like: an old log-probability recomputed at update time; there two log-probabilities exist.

    Fix: store the log-probability of the action when it is taken.
    """
    found = policy_minibatches(run)
    bare = [m for m in found if m.surrogate.form in ("none", "probability") and not m.surrogate.old_has_grad]
    if not bare or len(bare) < 0.9 * len(found):
        return
    steps = run.column("optimizer_steps")
    single = bool(steps.size and (steps[steps == steps] <= 1).all())
    factor = "log p(a)" if bare[0].surrogate.form == "none" else "p(a)"
    if bare[0].surrogate.ratio is None and bare[0].surrogate.form == "none" and bare[0].reading.head is None:
        return
    yield Evidence(
        f"the advantage is multiplied with {factor} in all {len(bare)} policy losses read; no old policy appears",
        where=bare[0].sites(),
        first_update=bare[0].reading.update,
        severity=NOTE if single else None,
    )
