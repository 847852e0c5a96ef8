"""The environment tap on gymnasium's vector environments: successors and starts under each reset mode."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import (
    LENGTHS,
    check_episodes,
    check_starts,
    check_successors,
    episodes,
    makers,
)
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv


@pytest.fixture
def tap(tap):
    tap.keep_rows = True
    return tap


def run(envs, steps=11):
    first = envs.reset(seed=7)
    obs = first[0] if isinstance(first, tuple) else first
    given = []
    for t in range(steps):
        given.append(np.array(obs))
        obs = envs.step(np.array([t % 3] * len(LENGTHS)))[0]
    return np.array(given), np.array(obs)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_next_step(tap, recorder, kind):
    make = SyncVectorEnv if kind == "sync" else AsyncVectorEnv
    envs = make(makers(), autoreset_mode=AutoresetMode.NEXT_STEP)
    given, last = run(envs)
    (rollout,), columns = tap.cut(1)
    envs.close()
    np.testing.assert_array_equal(rollout.obs, given)
    np.testing.assert_array_equal(rollout.last_obs, last)
    check_successors(rollout)
    check_starts(rollout)
    check_episodes(recorder)
    ended = rollout.terminated | rollout.truncated
    np.testing.assert_array_equal(rollout.filler[1:], ended[:-1])
    assert (rollout.reward[rollout.filler] == 0).all()
    assert columns["rollout_steps"] == 33
    assert columns["reward_zero_share"] == 0
    facts = tap.facts()[0]
    assert facts.autoreset == "next_step"
    assert facts.num_envs == 3
    assert facts.api == "vector"
    assert facts.returns == 5
    assert facts.seeds == (7,)
    if kind == "sync":
        np.testing.assert_array_equal(rollout.raw_reward, rollout.reward)
        real = ~rollout.filler
        np.testing.assert_array_equal(rollout.inner_action[real], rollout.action[real])
    else:
        assert rollout.raw_reward is None


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_same_step(tap, recorder, kind):
    make = SyncVectorEnv if kind == "sync" else AsyncVectorEnv
    envs = make(makers(), autoreset_mode=AutoresetMode.SAME_STEP)
    given, last = run(envs)
    (rollout,), _ = tap.cut(1)
    envs.close()
    np.testing.assert_array_equal(rollout.obs, given)
    np.testing.assert_array_equal(rollout.last_obs, last)
    assert not rollout.filler.any()
    check_successors(rollout)
    check_starts(rollout)
    check_episodes(recorder)
    assert tap.facts()[0].autoreset == "same_step"


def test_disabled_with_masks(tap, recorder):
    envs = SyncVectorEnv(makers(), autoreset_mode=AutoresetMode.DISABLED)
    obs, _ = envs.reset(seed=1)
    given = []
    for _ in range(11):
        given.append(np.array(obs))
        obs, _, terminated, truncated, _ = envs.step(np.zeros(3, int))
        over = terminated | truncated
        if over.any():
            obs, _ = envs.reset(options={"reset_mask": over})
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.obs, given)
    check_successors(rollout)
    check_starts(rollout)
    check_episodes(recorder)
    assert tap.facts()[0].autoreset == "disabled"
    assert tap.facts()[0].stepped_after_end == 0


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_cuts_in_the_middle_of_everything(tap, recorder, mode):
    envs = SyncVectorEnv(makers(), autoreset_mode=mode)
    obs, _ = envs.reset(seed=0)
    for update in range(1, 24):
        given = np.array(obs)
        obs = envs.step(np.zeros(3, int))[0]
        (rollout,), _ = tap.cut(update)
        np.testing.assert_array_equal(rollout.obs[0], given)
        np.testing.assert_array_equal(rollout.last_obs, obs)
        check_successors(rollout)
        check_starts(rollout)
    check_episodes(recorder)
    filler = mode == AutoresetMode.NEXT_STEP
    assert len(episodes(recorder)) == sum((23 + filler) // (length + filler) for length in LENGTHS)


def test_vector_wrappers_show_raw_rewards(tap, recorder):
    envs = gymnasium.wrappers.vector.NormalizeReward(SyncVectorEnv(makers()))
    run(envs)
    (rollout,), _ = tap.cut(1)
    real = ~rollout.filler
    np.testing.assert_array_equal(rollout.raw_reward[real], rollout.next_obs[..., 1][real])
    assert not np.allclose(rollout.raw_reward, rollout.reward)
    assert {one["ret"] for one in episodes(recorder)} == {n * (n + 1) / 2 for n in LENGTHS}


def test_a_vector_wrapper_over_processes(tap):
    envs = gymnasium.wrappers.vector.NormalizeReward(AsyncVectorEnv(makers()))
    run(envs)
    (rollout,), _ = tap.cut(1)
    envs.close()
    real = ~rollout.filler
    np.testing.assert_array_equal(rollout.raw_reward[real], rollout.next_obs[..., 1][real])
