"""Twin of `hidden_state`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts


def orbit(rollout):
    """[T + 1, N, 2] positions of oscillators that the action pushes a little: one position does not tell the next."""
    steps, count = rollout.reward.shape
    rng = np.random.default_rng(rollout.update)
    place, speed = np.zeros((steps + 1, count, 2)), rng.standard_normal((count, 2))
    place[0] = rng.standard_normal((count, 2))
    for t in range(steps):
        speed = speed - 0.05 * place[t] + 0.1 * (rollout.action[t, :, None] - 0.5)
        place[t + 1] = place[t] + 0.2 * speed
    return place


def speed(rollout):
    """[T + 1, N, 2] how far each position is from the one before."""
    return np.diff(orbit(rollout), axis=0, prepend=orbit(rollout)[:1])


SICK = with_rollouts(failing(steady()), obs=lambda r: orbit(r)[:-1], next_obs=lambda r: orbit(r)[1:])
HEALTHY = with_rollouts(
    steady(),
    obs=lambda r: np.concatenate([orbit(r)[:-1], speed(r)[:-1]], -1),
    next_obs=lambda r: np.concatenate([orbit(r)[1:], speed(r)[1:]], -1),
)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "hidden_state")
    assert "with the step before" in found.text


def test_an_action_that_shows_only_in_a_hidden_velocity_is_not_ignored(evidence):
    assert evidence(SICK, "action_ignored_by_env") == []
