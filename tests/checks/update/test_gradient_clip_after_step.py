"""Twin of `gradient_clip_after_step`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

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
