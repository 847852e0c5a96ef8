"""Twin of `reward_never_met`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import MOUNTAIN_CAR, steady

SICK = steady(MOUNTAIN_CAR)
HEALTHY = steady(MOUNTAIN_CAR, updates=8)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_never_met")
    assert "returned -200" in found.text
