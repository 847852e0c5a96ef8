"""The clip bounds do not enclose 1 evenly."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The clip bounds are not around 1",
    fix="Clamp the ratio between 1 - eps and 1 + eps.",
    faults=(7,),
    needs=("minibatches",),
    explains=(
        "steps_too_large",
        "policy_frozen",
        "parameters_never_move",
        "clip_range_too_large",
        "return_peaked_then_fell",
    ),
    rivals=("clip_one_sided", "clip_on_wrong_quantity"),
    refuted_by="Bounds a < 1 < b with comparable distances to 1.",
    references=("Schulman et al. 2017, equation 7",),
)
def clip_bounds_not_around_one(run: Run, *, lopsided: float = 3.0) -> Iterator[Evidence]:
    """The clamp's bounds exclude 1, or one lies several times farther from 1 than the other.

    What it sees: the bounds saved on the clamp node. [eps, 1 + eps] is the common slip: the lower bound lacks its
    "1 -". A clamp of the log-ratio is compared around 0 instead.

    Why it hurts: the side that is far away is practically not limited; if 1 is outside, the clipped branch is constant
    from the first minibatch on.

    Also looks like: asymmetric ranges on purpose (a slightly higher upper bound) stay within a factor of 3 and are not
    reported, nor are reciprocal bounds [1 / b, b].

    Fix: symmetric bounds around 1.
    """
    found = [
        m for m in policy_minibatches(run) if m.surrogate.clip_low is not None and m.surrogate.clip_high is not None
    ]
    if not found:
        return
    s = found[0].surrogate
    low, high = float(s.clip_low or 0.0), float(s.clip_high or 0.0)
    centre = 0.0 if s.clip_on == "log_ratio" else 1.0
    below, above = centre - low, high - centre
    reciprocal = low > 0 and abs(low * high - 1) < 0.05
    enclosed = below > 0 and above > 0
    if enclosed and (reciprocal or max(below, above) <= lopsided * min(below, above)):
        return
    if s.clip_on == "product":
        return
    slip = f"; the lower bound is eps itself: 1 - {low:.4g} was meant" if abs(high - 1 - low) < 1e-6 else ""
    yield Evidence(
        f"the ratio is clamped to [{low:.4g}, {high:.4g}], which does not lie around {centre:g}{slip}",
        where=found[0].sites(next((m.surrogate.clip_site for m in found if m.surrogate.clip_site), None)),
        first_update=found[0].reading.update,
        data={"low": low, "high": high},
    )
