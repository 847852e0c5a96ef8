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


def lasting(*lengths: int) -> Scenario:
    """Episodes of these lengths, all of them ended by the environment."""
    first = SICK.run.episodes[0]
    return SICK.but(episodes=tuple(replace(first, length=length) for length in lengths))


def test_a_limit_that_few_reach_is_seen_where_hardly_any_end_shortly_before(evidence):
    early = [5 + k % 60 for k in range(120)]
    (found,) = evidence(lasting(*early, *[100] * 12), "time_limit_flagged_as_termination")
    assert "12 of 132" in found.text
    falling = [80 + k % 20 for k in range(60)]  # ends are as frequent shortly before
    assert not evidence(lasting(*early, *falling, *[100] * 12), "time_limit_flagged_as_termination")
