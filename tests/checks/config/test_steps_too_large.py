"""Twin of `steps_too_large`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(approx_kl=0.5, clip_fraction=0.6))
HEALTHY = steady(approx_kl=0.04, clip_fraction=0.25)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "steps_too_large")
    assert "60% of its samples" in found.text
