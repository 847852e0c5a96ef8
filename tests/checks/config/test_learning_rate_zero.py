"""Twin of `learning_rate_zero`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(learning_rate=0.0, update_size=0.0))
HEALTHY = steady(learning_rate=(1e-3, 0.0))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "learning_rate_zero")
    assert "exactly 0" in found.text
