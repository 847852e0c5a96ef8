"""Twin of `too_many_epochs`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

from ppodoctor.checks.api import NOTE

SICK = failing(steady(optimizer_steps=400, approx_kl=0.2, clip_fraction=0.5))
HEALTHY = steady(optimizer_steps=120, approx_kl=0.01, clip_fraction=0.1)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "too_many_epochs")
    assert "100 times per update" in found.text


def test_as_many_passes_of_one_step_each_are_no_more_steps_than_elsewhere(evidence):
    many = {"optimizer_steps": 60, "rollout_steps": 512, "approx_kl": 0.01, "clip_fraction": 0.1}
    assert not evidence(steady(minibatch_size=512, **many), "too_many_epochs")
    (found,) = evidence(steady(minibatch_size=128, **{**many, "optimizer_steps": 240}), "too_many_epochs")
    assert found.severity == NOTE
