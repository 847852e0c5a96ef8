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
    explains=("steps_too_large", "learning_rate_too_high", "return_peaked_then_fell"),
    rivals=("gradient_clip_after_step",),
    refuted_by="A clipping call before the step with the policy's parameters in it.",
)
def gradient_clip_on_wrong_parameters(run: Run, *, share: float = 0.8) -> Iterator[Evidence]:
    """clip_grad_norm_ is called before the policy's step, on parameters that the policy loss does not reach.

    What it sees: which parameters the calls before an optimizer step were given, against those that the loss reaches.

    Why it hurts: the limit that the script believes in does not exist.

    Also looks like: two networks clipped by two calls before one step; what all calls were given is taken together.
    Clipping after the step is another check's.

    Fix: pass the trained network's parameters.

    References: docs/faults.md
    """
    known = [m for m in policy_minibatches(run) if m.facts.get("clipped_parameters") and m.reading.policy_parameters]
    missed = [m for m in known if not set(m.reading.policy_parameters) & set(m.facts["clipped_parameters"])]
    if missed and len(missed) >= share * len(known):
        given, reached = missed[0].facts["clipped_parameters"], missed[0].reading.policy_parameters
        yield Evidence(
            f"clip_grad_norm_ was given {len(given)} parameters, none of the {len(reached)} that the policy loss "
            f"reaches, before {len(missed)} steps",
            where=sites_of(run.settings["max_grad_norm"].where if "max_grad_norm" in run.settings else None),
            first_update=missed[0].reading.update,
        )
