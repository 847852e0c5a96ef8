"""Twin of `units_dead`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(dead_share=(0.3, 0.99)))
HEALTHY = steady(dead_share=(0.3, 0.5))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "units_dead")
    assert "of the ReLU units" in found.text
