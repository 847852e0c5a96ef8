"""Twin of `time_limit_flagged_as_termination`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import PENDULUM, Scenario, failing, steady


def died_at_limit(scenario: Scenario) -> Scenario:
    """The time limit comes as `terminated`."""
    return scenario.but(episodes=tuple(replace(e, terminated=True, truncated=False) for e in scenario.run.episodes))


SICK = died_at_limit(failing(steady(PENDULUM)))
HEALTHY = steady(PENDULUM)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "time_limit_flagged_as_termination")
    assert "exactly 200 steps" in found.text
