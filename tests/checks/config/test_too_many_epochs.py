"""Twin of `too_many_epochs`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(optimizer_steps=400, approx_kl=0.2, clip_fraction=0.5))
HEALTHY = steady(optimizer_steps=120, approx_kl=0.01, clip_fraction=0.1)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "too_many_epochs")
    assert "100 times per update" in found.text
