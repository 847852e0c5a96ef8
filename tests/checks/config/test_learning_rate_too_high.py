"""Twin of `learning_rate_too_high`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(learning_rate=0.05, update_size=0.12, approx_kl=(2.0, 0.5)))
HEALTHY = steady(learning_rate=2.5e-3, update_size=0.015, approx_kl=(0.06, 0.01))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "learning_rate_too_high")
    assert "learning rate of 0.05" in found.text
