"""The environment tap on vector environments that a script or gymnasium vectorises in its own way."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import (
    Count,
    check_episodes,
    check_starts,
    check_successors,
    episodes,
    makers,
)
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import Autoreset

from ppodoctor.watching.tap_env import EnvTap


@pytest.fixture
def tap(tap):
    tap.keep_rows = True
    return tap


def test_vectorised_entry_point(tap):
    envs = gymnasium.make_vec("CartPole-v1", num_envs=4, vectorization_mode="vector_entry_point")
    envs.reset(seed=0)
    over = np.zeros(4, bool)
    for _ in range(60):
        _, reward, terminated, truncated, _ = envs.step(np.ones(4, int))
        assert (reward[over] == 0).all()
        over = terminated | truncated
    (rollout,), columns = tap.cut(1)
    assert rollout.filler.sum() > 4
    assert (rollout.reward[rollout.filler] == 0).all()
    np.testing.assert_array_equal(rollout.raw_reward, rollout.reward)
    facts = tap.facts()[0]
    assert facts.autoreset == "next_step"
    assert facts.spec_id == "CartPole-v1"
    assert columns["action_mode_share"] == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_make_vec(tap, mode):
    envs = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode=mode)
    envs.reset(seed=0)
    for _ in range(30):
        envs.step(np.ones(2, int))
    (rollout,), _ = tap.cut(1)
    envs.close()
    facts = tap.facts()[0]
    assert facts.spec_id == "CartPole-v1"
    assert facts.max_episode_steps == 500
    assert facts.made_at.file == __file__
    assert rollout.obs.shape == (30, 2, 4)
    assert rollout.obs_shape == (4,)


def test_autoreset_wrapper_on_one_environment(tap, recorder):
    env = Autoreset(Count(0, 3))
    env.reset(seed=0)
    for _ in range(11):
        env.step(0)
    (rollout,), _ = tap.cut(1)
    check_successors(rollout)
    check_starts(rollout)
    assert tap.facts()[0].autoreset == "next_step"
    assert tap.facts()[0].stepped_after_end == 0
    assert [one["length"] for one in episodes(recorder)] == [3, 3, 3]


class OwnVector:
    """A script's own loop over environments that resets at the end and drops the final observation."""

    def __init__(self, makers):
        self.envs = [make() for make in makers]

    def reset(self):
        return np.stack([env.reset()[0] for env in self.envs])

    def step(self, actions):
        obs, rewards, dones = [], [], []
        for env, action in zip(self.envs, actions, strict=True):
            seen, reward, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                seen, _ = env.reset()
            obs.append(seen)
            rewards.append(reward)
            dones.append(terminated or truncated)
        return np.stack(obs), np.array(rewards), np.array(dones), [{}] * len(self.envs)


def test_own_vector_class_without_final_observations(tap, recorder):
    envs = OwnVector(makers())
    obs = envs.reset()
    given = []
    for _ in range(11):
        given.append(obs)
        obs, _, _, _ = envs.step([0, 1, 2])
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.obs, given)
    check_successors(rollout)
    check_starts(rollout)
    check_episodes(recorder)
    np.testing.assert_array_equal(rollout.inner_action, rollout.action)
    np.testing.assert_array_equal(rollout.done_seen, rollout.terminated | rollout.truncated)
    facts = tap.facts()[0]
    assert facts.autoreset == "same_step"
    assert facts.num_envs == 3
    assert facts.returns == 4


def test_a_blind_vector_class(tap, recorder):
    """Four values, resets by itself, tells nothing about it: the successor at an end is not known."""

    class Blind:
        def __init__(self, n):
            self.t = np.zeros(n)

        def reset(self):
            self.t[:] = 0
            return self.t[:, None].copy()

        def step(self, actions):
            self.t += 1
            over = self.t == 4
            self.t[over] = 0
            return self.t[:, None].copy(), np.ones(len(self.t)), over, {}

    envs = Blind(2)
    envs.reset()
    for _ in range(10):
        envs.step([0, 0])
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.final_known, ~rollout.terminated)
    check_starts_at = rollout.obs[..., 0] == 0
    np.testing.assert_array_equal(rollout.reset_before, check_starts_at)
    assert [one["length"] for one in episodes(recorder)] == [4] * 4
    assert tap.facts()[0].autoreset == "unknown"
    assert tap.facts()[0].facts["identical_sub_envs"] == 1
    assert tap.facts()[0].first_observations_equal is True


def test_reset_of_everything_at_each_rollout(tap, recorder):
    envs = SyncVectorEnv(makers())
    for update in (1, 2):
        envs.reset()
        for _ in range(2):
            envs.step(np.zeros(3, int))
        (rollout,), columns = tap.cut(update)
        assert rollout.reset_before[0].all()
        assert not rollout.reset_before[1].any()
    envs.reset()
    envs.step(np.zeros(3, int))
    _, columns = tap.cut(3)
    assert columns["episodes"] == 3
    assert {one["length"] for one in episodes(recorder)} == {2}


def test_dict_observations_in_same_step_mode(tap):
    class Parts(Count):
        observation_space = spaces.Dict({"a": Count.observation_space, "b": spaces.Discrete(9)})

        def _see(self):
            return {"a": Count._see(self), "b": self.t}

    envs = SyncVectorEnv([lambda: Parts(0, 3), lambda: Parts(1, 4)], autoreset_mode=AutoresetMode.SAME_STEP)
    envs.reset(seed=0)
    for _ in range(9):
        envs.step(np.zeros(2, int))
    (rollout,), _ = tap.cut(1)
    assert rollout.obs.shape == (9, 2, 4)
    check_successors(rollout)
    np.testing.assert_array_equal(rollout.next_obs[..., 3], rollout.next_obs[..., 1])


def test_trajectories_are_the_same_with_and_without(recorder):
    def run_all():
        found = []
        for make in (SyncVectorEnv, AsyncVectorEnv):
            envs = make([lambda: gymnasium.make("CartPole-v1")] * 2)
            obs, _ = envs.reset(seed=3)
            for t in range(50):
                found.append(obs)
                obs = envs.step(np.array([t % 2, 1]))[0]
            envs.close()
        return np.array(found)

    plain = run_all()
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    tap.keep_rows = True
    watched = run_all()
    tap.detach()
    np.testing.assert_array_equal(plain, watched)


class ResetsLater:
    """Two environments; an end puts the final observation into info, and the next step resets instead of stepping."""

    num_envs = 2

    def __init__(self):
        self.envs, self.over = [Count(3), Count(5)], [False, False]

    def reset(self):
        return np.stack([env.reset()[0] for env in self.envs])

    def step(self, actions):
        rows = []
        for i, env in enumerate(self.envs):
            if self.over[i]:
                obs, info = env.reset()
                reward, self.over[i] = 0.0, False
            else:
                obs, reward, terminated, truncated, info = env.step(actions[i])
                self.over[i] = terminated or truncated
                info = {**info, **({"terminal_observation": obs} if self.over[i] else {})}
            rows.append((obs, reward, self.over[i], info))
        obs, rewards, dones, infos = zip(*rows, strict=True)
        return np.stack(obs), np.array(rewards), np.array(dones), list(infos)


def test_a_final_observation_in_info_does_not_say_who_resets(tap):
    envs = ResetsLater()
    envs.reset()
    for _ in range(24):
        envs.step([0, 0])
    (rollout,), _ = tap.cut(1)
    assert tap.facts()[0].autoreset == "next_step"
    ends = rollout.terminated | rollout.truncated
    assert ends[:-1].sum() > 4
    assert np.array_equal(rollout.filler[1:], ends[:-1])
