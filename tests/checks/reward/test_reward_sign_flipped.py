"""Twin of `reward_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, failing, steady, with_rollouts

SICK = with_rollouts(failing(steady(PENDULUM)), reward=lambda r: -r.reward)
HEALTHY = with_rollouts(steady(PENDULUM), reward=lambda r: 0.1 * r.reward + 3)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_sign_flipped")
    assert "opposites" in found.text


def test_a_running_scale_behind_the_sign_does_not_hide_it(evidence):
    drifting = with_rollouts(SICK, reward=lambda r: r.reward / np.linspace(0.8, 2, len(r.reward))[:, None])
    assert evidence(drifting, "reward_sign_flipped")


def test_a_shift_is_no_change_of_sign(evidence):
    shifted = with_rollouts(HEALTHY, reward=lambda r: r.raw_reward + 1000)
    assert evidence(shifted, "reward_sign_flipped") == []
