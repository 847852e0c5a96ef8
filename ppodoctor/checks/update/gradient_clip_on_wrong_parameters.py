"""Gradient clipping does not touch the gradients that are applied."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import policy_minibatches, sites_of
from ppodoctor.run import Run


@check(
    title="Gradient clipping acts on other parameters than those being trained",
    fix="Clip the parameters of the network that this loss trains, between backward() and step().",
    faults=(18,),
    needs=("minibatches",),
    explains=("steps_too_large",),
    refuted_by="After clipping, the gradient norm at the optimizer step is at most the limit.",
)
def gradient_clip_on_wrong_parameters(run: Run, *, slack: float = 1.05) -> Iterator[Evidence]:
    """clip_grad_norm_ is called, and the norm at the optimizer step is above its limit all the same.

    What it sees: which parameters the call was given, against those that the loss reaches; and the norm at the step.

    Why it hurts: the limit that the script believes in does not exist.

    Also looks like: two networks clipped one by one can have a joint norm above the limit; only the parameters given to
    the call are compared.

    Fix: pass the trained network's parameters.
    """
    for m in policy_minibatches(run):
        given = m.facts.get("clipped_parameters")
        reached = set(m.reading.policy_parameters)
        if given is None or not reached:
            continue
        if not reached & set(given):
            yield Evidence(
                f"clip_grad_norm_ was given {len(given)} parameters, none of the {len(reached)} that the policy loss reaches",
                where=sites_of(run.settings["max_grad_norm"].where if "max_grad_norm" in run.settings else None),
                first_update=m.reading.update,
            )
            return
