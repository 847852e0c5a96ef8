"""Twin of `stepped_after_end`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import PENDULUM, steady, with_env

SICK = with_env(steady(PENDULUM), stepped_after_end=9000)
HEALTHY = with_env(steady(PENDULUM), stepped_after_end=3)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "stepped_after_end")
    assert "9000 of 61440" in found.text
