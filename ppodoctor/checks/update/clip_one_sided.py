"""The clamp bounds the ratio on one side only."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The ratio is clipped on one side only",
    fix="Clamp the ratio between both bounds: torch.clamp(ratio, 1 - eps, 1 + eps)",
    faults=(7,),
    needs=("minibatches",),
    explains=("steps_too_large", "clip_range_too_large", "return_peaked_then_fell", "entropy_collapsed"),
    rivals=("clip_bounds_not_around_one", "surrogate_not_clipped"),
    refuted_by="A clamp with a finite lower and a finite upper bound on the ratio.",
    references=("Schulman et al. 2017, equation 7",),
)
def clip_one_sided(run: Run) -> Iterator[Evidence]:
    """One bound of the clamp is missing, so actions can be made rarer (or likelier) without limit in one update.

    What it sees: the bounds saved on the clamp node; one of them is open.

    Why it hurts: the minimum of PPO's objective needs the lower bound for negative advantages and the upper one for
    positive advantages; without one of them that half of the samples is not limited at all.

    Also looks like: a wide clip range; there both bounds exist.

    Fix: give both bounds.
    """
    found = policy_minibatches(run)
    wrong = [
        m
        for m in found
        if m.surrogate.clip_on != "none" and (m.surrogate.clip_low is None) != (m.surrogate.clip_high is None)
    ]
    if wrong and len(wrong) >= 0.9 * len(found):
        s = wrong[0].surrogate
        side = "lower" if s.clip_low is None else "upper"
        bound = s.clip_high if s.clip_low is None else s.clip_low
        yield Evidence(
            f"the clamp has no {side} bound (only {bound:.4g}) in all {len(wrong)} policy losses read",
            where=wrong[0].sites(next((m.surrogate.clip_site for m in wrong if m.surrogate.clip_site), None)),
            first_update=wrong[0].reading.update,
        )
