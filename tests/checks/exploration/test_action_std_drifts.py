"""Twin of `action_std_drifts`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import PENDULUM, failing, steady

SICK = failing(steady(PENDULUM, action_std=(1.0, 20.0)))
HEALTHY = steady(PENDULUM, action_std=(1.0, 1.4))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "action_std_drifts")
    assert "over 60 updates" in found.text
