"""Twin of `action_ignored_by_env`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts

SICK = with_rollouts(
    failing(steady()), action=lambda r: np.random.default_rng(7 + r.update).integers(0, 2, r.action.shape)
)
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "action_ignored_by_env")
    assert "2048 steps" in found.text


def test_an_action_that_matters_in_the_reward_only_is_not_ignored(evidence):
    rewarded = with_rollouts(SICK, reward=lambda r: r.reward + 0.3 * (r.action == (r.obs[..., 0] > 0)))
    assert evidence(rewarded, "action_ignored_by_env") == []


def test_an_action_that_acts_two_steps_later_is_not_ignored(evidence):
    delayed = with_rollouts(SICK, reward=lambda r: r.reward + 0.5 * np.roll(r.action, 2, axis=0))
    assert evidence(delayed, "action_ignored_by_env") == []


def test_random_numbers_rarely_look_like_an_effect(evidence):
    quiet = 0
    for seed in range(20):
        other = with_rollouts(
            SICK, action=lambda r, s=seed: np.random.default_rng((s, r.update)).integers(0, 2, r.action.shape)
        )
        quiet += not evidence(other, "action_ignored_by_env")
    assert quiet <= 3
