"""Twin of `reset_always_same_seed`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import PENDULUM, steady, with_env

SICK = with_env(steady(PENDULUM), seeds=(7,) * 64)
HEALTHY = with_env(steady(PENDULUM), seeds=tuple(range(64)))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reset_always_same_seed")
    assert "behind the first have seed 7" in found.text


def test_copies_are_counted_together(evidence):
    copies = with_env(steady(PENDULUM), seeds=(100, 0, 0), resets=3)
    one = copies.run.envs[0]
    several = copies.but(envs=tuple(replace(one, stream=k, seeds=(100 + k, 0, 0)) for k in range(4)))
    (found,) = evidence(several, "reset_always_same_seed")
    assert "12 resets" in found.text


def test_a_seeded_first_reset_is_right(evidence):
    assert evidence(with_env(steady(PENDULUM), seeds=(7, *(None,) * 60)), "reset_always_same_seed") == []
