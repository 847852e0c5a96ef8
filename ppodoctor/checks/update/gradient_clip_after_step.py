"""Gradients are clipped when the optimizer has already used them."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches, sites_of
from ppodoctor.run import Run


@check(
    title="Gradients are clipped too late: the optimizer steps on unclipped ones",
    fix="Call clip_grad_norm_ between backward() and step().",
    faults=(18,),
    needs=("minibatches",),
    explains=("steps_too_large", "learning_rate_too_high", "return_peaked_then_fell"),
    rivals=("gradient_clip_on_wrong_parameters",),
    refuted_by="A gradient norm at the optimizer step that is at most the limit.",
)
def gradient_clip_after_step(run: Run, *, slack: float = 1.05, share: float = 0.8) -> Iterator[Evidence]:
    """The script clips gradients, but what the optimizer steps on was not clipped.

    What it sees: no clipping call between any backward call that was read and its optimizer step although the script
    clips somewhere; or a norm at the step above the limit although the call was given all of the optimizer's
    parameters (gradients were added after it).

    Why it hurts: the limit that the script believes in does not exist; the clipped gradients are thrown away.

    Also looks like: clipping other parameters than those being trained; there a call comes before the step. A loss
    whose step is left unclipped on purpose, beside another that is clipped, is not reported.

    Fix: backward, clip, step.

    References: docs/faults.md
    """
    where = sites_of(run.settings["max_grad_norm"].where if "max_grad_norm" in run.settings else None)
    stepped = [m for m in policy_minibatches(run) if "step_grad_norm" in m.facts]
    clips = [m for m in run.minibatches if "clip_limit" in m.facts]
    limit = run.setting("max_grad_norm")
    if len(stepped) >= 2 and not clips and limit is not None:
        norm = max(float(m.facts["step_grad_norm"]) for m in stepped)
        yield Evidence(
            f"no gradient was clipped before the {len(stepped)} optimizer steps read, though the script clips to "
            f"{float(limit):.4g}; the largest norm at a step was {norm:.3g}",
            where=where,
            first_update=stepped[0].reading.update,
        )
        return
    whole = [m for m in stepped if "grad_norm" in m.facts and _covered(run, m.facts["clipped_parameters"])]
    over = [m for m in whole if _above(m.facts, slack)]
    if len(over) >= 2 and len(over) >= share * len([m for m in whole if m.facts["grad_norm"] > m.facts["clip_limit"]]):
        facts = over[0].facts
        yield Evidence(
            f"the norm at the optimizer step is {facts['step_grad_norm']:.3g}, as before clipping to "
            f"{facts['clip_limit']:.4g}, in {len(over)} of {len(whole)} minibatches read",
            where=where,
            first_update=over[0].reading.update,
        )


def _above(facts: dict[str, float], slack: float) -> bool:
    """Did the norm stay as large as it was before clipping?"""
    if facts.get("clip_calls", 1) > 1:
        return False  # networks clipped one by one: their joint norm may be above the limit of each
    limit, before, at_step = facts["clip_limit"], facts["grad_norm"], facts["step_grad_norm"]
    return before > slack * limit and at_step > slack * limit and at_step > before / slack


def _covered(run: Run, given: list[int]) -> bool:
    """Were all parameters of the optimizers that own the given ones given?"""
    owned = [{int(i) for group in o.groups for i in group.get("parameters", ())} for o in run.optimizers]
    return all(own <= set(given) for own in owned if own & set(given))
