"""Twin of `reset_always_same_seed`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import PENDULUM, steady, with_env

SICK = with_env(steady(PENDULUM), seeds=(7,) * 64)
HEALTHY = with_env(steady(PENDULUM), seeds=tuple(range(64)))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reset_always_same_seed")
    assert "all with seed 7" in found.text
