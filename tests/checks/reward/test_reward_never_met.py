"""Twin of `reward_never_met`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import MOUNTAIN_CAR, steady

from ppodoctor.checks.api import NOTE

SICK = steady(MOUNTAIN_CAR)
HEALTHY = steady(MOUNTAIN_CAR, updates=3)
SHORT = steady(MOUNTAIN_CAR, updates=8)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_never_met")
    assert "returned -200" in found.text


def test_a_few_episodes_are_a_note(evidence):
    (found,) = evidence(SHORT, "reward_never_met")
    assert found.severity == NOTE
    assert found.data["episodes"] < 50


def test_many_short_episodes_are_enough(evidence):
    run = SHORT.run
    many = tuple(replace(e, length=5) for e in run.episodes for _ in range(3))
    (found,) = evidence(replace(SHORT, run=replace(run, episodes=many)), "reward_never_met")
    assert found.severity is None
