"""Twin of `actions_saturated`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import PENDULUM, failing, steady

SICK = failing(steady(PENDULUM, action_bound_share=(0.05, 0.9)))
HEALTHY = steady(PENDULUM, action_bound_share=(0.6, 0.6))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "actions_saturated")
    assert "lately" in found.text
