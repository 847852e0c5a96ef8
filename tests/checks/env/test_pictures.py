"""Observations of many numbers: what is said of them must not come from looking at a few."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts

SIDE = 6


def pictures(rollout, *, obeys):
    """[T + 1, N, 36] a ball that falls and a paddle that the action moves, or that moves by chance."""
    steps, count = rollout.reward.shape
    rng = np.random.default_rng(rollout.update)
    ball, height, paddle = (rng.integers(0, SIDE, count) for _ in range(3))
    shown = np.zeros((steps + 1, count, SIDE, SIDE))
    every = np.arange(count)
    for t in range(steps + 1):
        shown[t, every, height % (SIDE - 1), ball] = 1.0
        shown[t, every, SIDE - 1, paddle] = 1.0
        if t < steps:
            moved = rollout.action[t] if obeys else rng.integers(0, 2, count)
            paddle = np.clip(paddle + 2 * moved - 1, 0, SIDE - 1)
            height += 1
            ball = np.where(height % (SIDE - 1) == 0, rng.integers(0, SIDE, count), ball)
    return shown.reshape(steps + 1, count, -1)


def seen(*, obeys):
    played = with_rollouts(
        failing(steady()), action=lambda r: np.random.default_rng(r.update).integers(0, 2, r.action.shape)
    )
    return with_rollouts(
        played,
        obs=lambda r: pictures(r, obeys=obeys)[:-1],
        next_obs=lambda r: pictures(r, obeys=obeys)[1:],
        reward=lambda r: np.zeros(r.reward.shape),
    )


def test_an_action_that_moves_one_thing_in_a_picture_is_not_ignored(evidence):
    assert evidence(seen(obeys=True), "action_ignored_by_env") == []


def test_an_action_that_moves_nothing_in_a_picture_is_ignored(evidence):
    (found,) = evidence(seen(obeys=False), "action_ignored_by_env")
    assert "nothing that follows depends on the action" in found.text


def test_a_picture_that_shows_all_hides_nothing(evidence):
    assert evidence(seen(obeys=True), "hidden_state") == []
