"""The ratio is never clipped."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run

_RATIOS = ("exp_difference", "quotient", "log_difference")
"""Forms with an old policy in them; without one, there is no ratio to clip, and another check says so."""


@check(
    title="The policy loss is not clipped",
    fix="loss = -torch.min(ratio * adv, torch.clamp(ratio, 1 - eps, 1 + eps) * adv).mean()",
    faults=(69,),
    needs=("minibatches",),
    explains=("steps_too_large", "entropy_collapsed", "return_peaked_then_fell"),
    rivals=("clip_range_too_large", "ratio_without_old_policy", "clip_one_sided"),
    refuted_by="A clamp between the ratio and the loss, or a penalty on the KL divergence.",
    references=("Schulman et al. 2017, table 1: without clipping or penalty the score falls below random",),
)
def surrogate_not_clipped(run: Run) -> Iterator[Evidence]:
    """ratio x advantage is maximised without any limit on the ratio.

    What it sees: no clamp and no precomputed clipped branch in the policy term. With a penalty term in the loss, or one
    optimizer step per rollout, this is a note: the ratio cannot run away there.

    Why it hurts: repeated steps on the same data push the ratio without bound.

    Also looks like: a very wide clip range; there a clamp exists.

    Fix: the clipped objective.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.clip_on == "none" and m.surrogate.form in _RATIOS]
    if not wrong or len(wrong) < 0.9 * len(found):
        return
    penalised = any(t.kind in ("penalty", "unknown", "log_prob") for t in wrong[0].reading.terms)
    steps = run.column("optimizer_steps")
    single = bool(steps.size and (steps[steps == steps] <= 1).all())
    yield Evidence(
        f"no clamp limits the ratio in all {len(wrong)} policy losses read",
        where=wrong[0].sites(),
        first_update=wrong[0].reading.update,
        severity=NOTE if penalised or single else None,
    )
