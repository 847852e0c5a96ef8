"""Twin of `learning_rate_too_low`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(learning_rate=1e-7, update_size=4e-7, approx_kl=1e-7))
HEALTHY = steady(learning_rate=(1e-3, 1e-7), update_size=(4e-3, 4e-7), approx_kl=(8e-3, 1e-7))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "learning_rate_too_low")
    assert "learning rate of 1.0e-07" in found.text
