"""The clamp acts on something else than the ratio."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.run import Run


@check(
    title="The clip acts on the product or on the log-ratio, not on the ratio",
    fix="Clamp the ratio itself, then multiply with the advantage.",
    faults=(7,),
    needs=("minibatches",),
    explains=("steps_too_large", "policy_frozen", "parameters_never_move", "clip_range_too_large"),
    rivals=("clip_bounds_not_around_one", "ratio_without_exp"),
    refuted_by="The clamp's input is the ratio.",
)
def clip_on_wrong_quantity(run: Run) -> Iterator[Evidence]:
    """The clamp's input is ratio x advantage, or the logarithm of the ratio with bounds meant for a ratio.

    What it sees: which node the clamp takes as input. A clamp of the log-ratio around 0 is a sound variant and a note.

    Why it hurts: bounds around 1 on the product limit nothing for small advantages and everything for large ones.

    Also looks like: one-sided or shifted bounds; there the input is the ratio.

    Fix: clamp the ratio.
    """
    found = policy_minibatches(run)
    wrong = [m for m in found if m.surrogate.clip_on in ("product", "log_ratio")]
    if not wrong or len(wrong) < 0.9 * len(found):
        return
    s = wrong[0].surrogate
    harmless = s.clip_on == "log_ratio" and s.clip_low is not None and s.clip_low < 0
    what = "the product of ratio and advantage" if s.clip_on == "product" else "the log-ratio"
    yield Evidence(
        f"the clamp with bounds [{s.clip_low}, {s.clip_high}] acts on {what}",
        where=wrong[0].sites(next((m.surrogate.clip_site for m in wrong if m.surrogate.clip_site), None)),
        first_update=wrong[0].reading.update,
        severity=NOTE if harmless else None,
    )
