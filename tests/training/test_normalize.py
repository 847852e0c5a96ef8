"""Running moments against numpy, reward scaling against SB3's, schedules by hand."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppodoctor.config import PPOConfig
from ppodoctor.training.losses import explained_variance
from ppodoctor.training.normalize import LIMIT, ObservationScale, RewardScale, RunningMoments
from ppodoctor.training.schedule import FASTEST, SLOWEST, Schedule


@settings(max_examples=40)
@given(st.integers(0, 2**31 - 1), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_moments_in_parts_are_those_of_the_whole(seed, sizes):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(3, 2, (size, 3)) for size in sizes]
    moments = RunningMoments(3)
    for part in parts:
        moments.update(part)
    whole = np.concatenate(parts)
    assert moments.count == pytest.approx(len(whole), rel=1e-3)
    assert np.allclose(moments.mean, whole.mean(axis=0), atol=2e-3)
    assert np.allclose(moments.var, whole.var(axis=0), atol=2e-2)
    again = RunningMoments(3)
    again.restore(moments.state())
    assert np.array_equal(again.mean, moments.mean)


def test_observations_end_up_around_zero_and_within_the_limit():
    rng = np.random.default_rng(0)
    scale = ObservationScale(2)
    rows = (rng.normal(size=(1000, 2)) * [1e4, 1e-1] + [5e5, 7]).astype(np.float32)
    scale.learn(rows)
    assert np.allclose(scale(rows).std(axis=0), 1, atol=0.15)
    assert np.abs(scale(rows * 1000)).max() == LIMIT


def test_rewards_are_scaled_as_sb3_scales_them():
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    rng = np.random.default_rng(1)
    rewards, ended = rng.normal(2, 3, (200, 2)).astype(np.float32), rng.random((200, 2)) < 0.1

    class Still(gym.Env):
        observation_space = gym.spaces.Box(0, 1, (1,))
        action_space = gym.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            return np.zeros(1, np.float32), {}

    theirs = vec_env.VecNormalize(vec_env.DummyVecEnv([Still, Still]), norm_obs=False, gamma=0.9)
    theirs.reset()
    ours = RewardScale(2, 0.9)
    for reward, end in zip(rewards, ended, strict=True):
        theirs._update_reward(reward)
        expected = theirs.normalize_reward(reward)
        theirs.returns[end] = 0
        assert np.allclose(ours(reward, end), expected, rtol=1e-4)


def test_linear_schedules_go_from_full_towards_nothing():
    config = PPOConfig(
        total_steps=10 * 1024, learning_rate=1e-3, clip_range_schedule="linear", entropy_schedule="linear",
        entropy_coefficient=0.1, clip_range_value=0.4,
    )  # fmt: skip
    schedule = Schedule(config)
    first, last = schedule.rates(1), schedule.rates(10)
    assert (first.learning_rate, first.clip_range, first.entropy_coefficient) == (1e-3, 0.2, 0.1)
    assert last.learning_rate == pytest.approx(1e-4)
    assert (last.clip_range, last.clip_range_value) == (pytest.approx(0.02), pytest.approx(0.04))
    assert last.entropy_coefficient == pytest.approx(0.01)
    constant = Schedule(replace(config, learning_rate_schedule="constant", clip_range_schedule="constant")).rates(10)
    assert (constant.learning_rate, constant.clip_range) == (1e-3, 0.2)


def test_the_adaptive_rate_follows_the_divergence():
    config = PPOConfig(learning_rate=1e-3, learning_rate_schedule="kl_adaptive", target_kl=0.01)
    schedule = Schedule(config)
    schedule.saw(0.021)
    assert schedule.rates(2).learning_rate == pytest.approx(1e-3 / 1.5)
    schedule.saw(0.015)
    assert schedule.rates(3).learning_rate == pytest.approx(1e-3 / 1.5)
    schedule.saw(0.004)
    assert schedule.rates(4).learning_rate == pytest.approx(1e-3)
    for _ in range(50):
        schedule.saw(1.0)
    assert schedule.rates(5).learning_rate == SLOWEST
    for _ in range(100):
        schedule.saw(0.0)
    assert schedule.rates(6).learning_rate == FASTEST


def test_explained_variance_at_its_marks():
    target = np.array([1.0, 2.0, 4.0])
    assert explained_variance(target, target) == 1
    assert explained_variance(np.full(3, 9.0), target) == pytest.approx(0)
    assert explained_variance(-target, target) == pytest.approx(-3)
    assert np.isnan(explained_variance(target, np.ones(3)))
