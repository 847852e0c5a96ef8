"""Twin of `reward_scale_too_large`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

from ppodoctor.checks.api import NOTE

SICK = failing(steady(target_abs_max=3e4, explained_variance=(0.0, 0.05)))
HEALTHY = steady(target_abs_max=700.0, explained_variance=(0.0, 0.5))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_scale_too_large")
    assert "value targets reach 3e+04" in found.text


def test_a_critic_that_keeps_up_makes_it_a_note(evidence):
    (found,) = evidence(steady(target_abs_max=3e4, explained_variance=(0.5, 0.9)), "reward_scale_too_large")
    assert found.severity == NOTE
