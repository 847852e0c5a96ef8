"""Twin of `units_saturated`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(saturated_share=0.95))
HEALTHY = steady(saturated_share=(0.1, 0.5))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "units_saturated")
    assert "95%" in found.text
