"""Twin of `gradient_clip_after_step`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import Scenario
from update_runs import Loop, trained
from watching.losses import standard

SICK = trained(standard, Loop(clip="late"))
HEALTHY = trained(standard, Loop(clip="each"))  # two calls: the joint norm may be above the limit of each


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gradient_clip_after_step")
    assert "no gradient was clipped before the 12 optimizer steps" in found.text


def test_a_clip_before_other_steps_is_no_sign_of_it(evidence):
    assert evidence(trained(standard, Loop(clip="critic")), "gradient_clip_after_step") == []


def test_a_norm_that_clipping_did_not_change(evidence):
    """Gradients were added between the call and the step."""
    run = trained(standard).run
    raised = [replace(m, facts={**m.facts, "step_grad_norm": 1.5 * m.facts["grad_norm"]}) for m in run.minibatches]
    (found,) = evidence(trained(standard).but(minibatches=tuple(raised)), "gradient_clip_after_step")
    assert "as before clipping to 0.05" in found.text


def with_a_critics_call(scenario):
    """Each policy loss is followed by a critic's, and both optimizers step behind that: it has the step's facts."""
    made, readings = [], []
    for m, reading in zip(scenario.run.minibatches, scenario.readings, strict=True):
        before = {name: m.facts[name] for name in ("steps_before", "fresh_step")}
        behind = {**m.facts, "fresh_step": False}
        made.append(replace(m, index=2 * m.index, facts=before))
        made.append(replace(m, index=2 * m.index + 1, facts=behind))
        readings.append(replace(reading, index=2 * m.index))
        readings.append(replace(reading, index=2 * m.index + 1, surrogate=None, terms=()))
    return Scenario(scenario.but(minibatches=tuple(made)).run, tuple(readings))


def test_two_losses_before_one_step(evidence):
    (found,) = evidence(with_a_critics_call(SICK), "gradient_clip_after_step")
    assert "no gradient was clipped before the 12 optimizer steps" in found.text
    assert evidence(with_a_critics_call(HEALTHY), "gradient_clip_after_step") == []
    assert evidence(with_a_critics_call(trained(standard, Loop(clip="critic"))), "gradient_clip_on_wrong_parameters")
    assert evidence(with_a_critics_call(HEALTHY), "gradient_clip_on_wrong_parameters") == []
