"""The environment tap on single environments: what is recorded is what the script saw."""

from __future__ import annotations

import inspect
import json

import gymnasium
import numpy as np
import pytest
from env_zoo import (
    Corridor,
    Doubled,
    Everything,
    episodes,
    play,
)
from gymnasium.wrappers import NormalizeObservation, RecordEpisodeStatistics, TimeLimit

from ppodoctor.watching.tap_env import EnvTap


def test_rows_are_what_the_script_saw(tap, recorder):
    env = gymnasium.make("CartPole-v1", max_episode_steps=20)
    tap.keep_rows = True
    rows, last = play(env, 300)
    (rollout,), columns = tap.cut(1)
    obs, action, after, reward, terminated, truncated = (np.array(part) for part in zip(*rows, strict=True))
    assert rollout.first_call == 0
    assert rollout.obs.dtype == np.float32
    np.testing.assert_array_equal(rollout.obs[:, 0], obs)
    np.testing.assert_array_equal(rollout.next_obs[:, 0], after)
    np.testing.assert_array_equal(rollout.action[:, 0], action)
    np.testing.assert_array_equal(rollout.inner_action[:, 0], action)
    np.testing.assert_array_equal(rollout.reward[:, 0], reward)
    np.testing.assert_array_equal(rollout.raw_reward[:, 0], reward)
    np.testing.assert_array_equal(rollout.terminated[:, 0], terminated)
    np.testing.assert_array_equal(rollout.truncated[:, 0], truncated)
    np.testing.assert_array_equal(rollout.done_seen[:, 0], terminated)
    np.testing.assert_array_equal(rollout.last_obs[0], last)
    starts = np.roll(terminated | truncated, 1)
    starts[0] = True
    np.testing.assert_array_equal(rollout.reset_before[:, 0], starts)
    assert rollout.final_known.all()
    assert not rollout.filler.any()
    assert truncated.any()
    assert terminated.any()

    written = episodes(recorder)
    assert len(written) == (terminated | truncated).sum() == columns["episodes"]
    assert sum(one["length"] for one in written) == np.flatnonzero(terminated | truncated)[-1] + 1
    assert all(one["ret"] == one["length"] == one["ret_seen"] for one in written)
    assert {one["update"] for one in written} == {0}
    assert columns["rollout_steps"] == 300
    assert columns["reward_mean"] == 1
    assert columns["action_mode_share"] == max(np.mean(action), 1 - np.mean(action))


def test_second_cut_goes_on_where_the_first_ended(tap, recorder):
    env = gymnasium.make("CartPole-v1")
    tap.keep_rows = True
    obs, _ = env.reset(seed=1)
    seen = []
    for update in (1, 2, 3):
        tap.keep_rows = update != 2
        for _ in range(37):
            before = np.array(obs)
            obs, _, terminated, truncated, _ = env.step(update % 2)
            seen.append(before)
            if terminated or truncated:
                obs, _ = env.reset()
        if update == 2:
            tap.keep_rows = True  # asked for in the middle of a rollout: from the next one on
        rollouts, columns = tap.cut(update)
        assert columns["rollout_steps"] == 37
        assert len(rollouts) == (update != 2)
        for rollout in rollouts:
            assert rollout.first_call == 37 * (update - 1)
            np.testing.assert_array_equal(rollout.obs[:, 0], seen[rollout.first_call :])
            np.testing.assert_array_equal(rollout.last_obs[0], obs)
        tap.keep_rows = update + 1 != 2
    ends = [one["step"] for one in episodes(recorder)]
    assert ends == sorted(ends)
    assert sum(one["length"] for one in episodes(recorder)) == ends[-1]


def test_trajectories_are_the_same_with_and_without(recorder):
    def run():
        env = NormalizeObservation(RecordEpisodeStatistics(gymnasium.make("CartPole-v1")))
        rows, _ = play(env, 200)
        return rows

    plain = run()
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    np.random.seed(11)  # noqa: NPY002 - scripts use the global generator
    tap.keep_rows = True
    watched = run()
    tap.cut(1)
    tap.detach()
    after = np.random.rand()  # noqa: NPY002
    np.random.seed(11)  # noqa: NPY002
    assert after == np.random.rand()  # noqa: NPY002
    for one, other in zip(plain, watched, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_raw_reward_and_inner_action_below_wrappers(tap, recorder):
    env = Doubled(gymnasium.make("CartPole-v1"))
    tap.keep_rows = True
    play(env, 60)
    (rollout,), _ = tap.cut(1)
    assert (rollout.reward == 2).all()
    assert (rollout.raw_reward == 1).all()
    np.testing.assert_array_equal(rollout.inner_action[:, 0], 1 - rollout.action[:, 0])
    one = episodes(recorder)[0]
    assert one["ret"] * 2 == one["ret_seen"]
    facts = tap.facts()[0]
    assert facts.layers[0].endswith("Doubled")
    assert facts.layers[-1].endswith("CartPoleEnv")
    assert facts.spec_id == "CartPole-v1"
    assert facts.max_episode_steps == 500
    assert facts.seeds == (5,)


def test_own_class_with_one_array_written_over(tap, recorder):
    env = Corridor(7)
    tap.keep_rows = True
    stored = []
    for _ in range(3):
        obs, done = env.reset(), False
        while not done:
            stored.append(np.array(obs))
            obs, _, done, _ = env.step(1.0)
    (rollout,), columns = tap.cut(1)
    np.testing.assert_array_equal(rollout.obs[:, 0], stored)
    assert rollout.obs.dtype == np.float64
    np.testing.assert_array_equal(rollout.next_obs[:, 0, 0], [1, 2, 3, 4, 5, 6, 7] * 3)
    facts = tap.facts()[0]
    assert facts.api == "own"
    assert facts.returns == 4
    assert facts.returned_array_reused is True
    assert facts.first_observations_equal is True
    assert facts.autoreset == "none"
    assert [one["ret"] for one in episodes(recorder)] == [28.0] * 3
    assert columns["episode_length"] == 7
    np.testing.assert_array_equal(rollout.terminated, rollout.done_seen)
    assert rollout.terminated.sum() == 3


def test_sites_name_the_lines_of_the_script(tap):
    env = Corridor()
    made = inspect.currentframe().f_lineno - 1
    env.reset()
    env.step(0)
    facts = tap.facts()[0]
    assert [site.line for site in (facts.made_at, facts.reset_at, facts.stepped_at)] == [made, made + 2, made + 3]
    assert facts.made_at.file == __file__
    assert facts.stepped_at.code == "env.step(0)"


def test_stepping_on_after_the_end_is_counted(tap, recorder):
    env = TimeLimit(gymnasium.make("Pendulum-v1").unwrapped, 10)
    env.reset(seed=0)
    for _ in range(25):
        env.step(np.zeros(1, np.float32))
    tap.cut(1)
    env.reset()
    env.step(np.zeros(1, np.float32))
    tap.cut(2)
    facts = tap.facts()[0]
    assert facts.stepped_after_end == 15
    (one,) = episodes(recorder)
    assert one["length"] == 10
    assert one["truncated"]
    assert not one["terminated"]


def test_time_limit_of_a_four_value_wrapper_around_five(tap):
    class Four:
        def __init__(self, env):
            self.env = env

        def reset(self):
            return self.env.reset(seed=3)[0]

        def step(self, action):
            obs, reward, terminated, truncated, info = self.env.step(action)
            return obs, reward, terminated or truncated, info

    env = Four(gymnasium.make("Pendulum-v1", max_episode_steps=5))
    tap.keep_rows = True
    env.reset()
    for _ in range(20):
        if env.step(np.array([0.1]))[2]:
            env.reset()
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(np.flatnonzero(rollout.truncated), [4, 9, 14, 19])
    assert not rollout.terminated.any()
    np.testing.assert_array_equal(rollout.done_seen, rollout.truncated)


def test_frame_skip_sums_raw_rewards(tap):
    class Skip(gymnasium.Wrapper):
        def step(self, action):
            total = 0.0
            for _ in range(4):
                obs, reward, terminated, truncated, info = self.env.step(action)
                total += reward
                if terminated or truncated:
                    break
            return obs, np.sign(total), terminated, truncated, info

    env = Skip(gymnasium.make("CartPole-v1"))
    tap.keep_rows = True
    play(env, 30)
    (rollout,), _ = tap.cut(1)
    assert (rollout.reward == 1).all()
    running = ~(rollout.terminated | rollout.truncated)
    assert (rollout.raw_reward[running] == 4).all()
    assert rollout.raw_reward.max() == 4


def test_parts_of_an_observation_are_joined(tap):
    env = Everything()
    tap.keep_rows = True
    env.reset()
    for _ in range(5):
        env.step(np.array([2.5, 0.0]))
    (rollout,), columns = tap.cut(1)
    assert rollout.obs.shape == (5, 1, 10)
    np.testing.assert_array_equal(rollout.next_obs[1, 0], [2, 2, 2, 2, 2, 7, 7, 7, 1, 0])
    facts = tap.facts()[0]
    assert facts.observation.kind == "Dict"
    assert facts.action.low == (-2, 0)
    assert facts.action.high == (2, 1e308)
    assert columns["action_bound_share"] == 1
    assert facts.facts["out_of_bounds_share"] == 0.5
    assert facts.facts["reward_nan"] == 1
    assert facts.facts["success"] == {"is_success": 1.0}
    json.dumps(facts.facts)


def test_wide_observations_are_thinned(tap):
    class Wide(Corridor):
        def reset(self):
            return np.arange(1300).astype(np.uint8).reshape(13, 100)

        def step(self, action):
            return self.reset(), 0.0, False, False, {}

    env = Wide()
    tap.keep_rows = True
    env.reset()
    for _ in range(3):
        env.step([1])
    (rollout,), _ = tap.cut(1)
    assert rollout.obs_stride == 3
    assert rollout.obs.dtype == np.float32
    np.testing.assert_array_equal(rollout.obs[0, 0], np.arange(1300).astype(np.uint8)[::3])
    assert rollout.action.shape == (3, 1, 1)


def test_actions_are_kept_as_they_were_when_sent(tap):
    env = Corridor()
    tap.keep_rows = True
    env.reset()
    action = np.zeros(2)
    env.step = env.step  # a bound method kept by the script goes the same way
    for t in range(4):
        action[:] = t
        env.step(action[0]) if t % 2 else env.step(action=action[0])
        action[:] = -1
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.action[:, 0], [0, 1, 2, 3])


def test_tensors_as_actions(tap):
    torch = pytest.importorskip("torch")
    env = Everything()
    tap.keep_rows = True
    env.reset()
    weight = torch.zeros(2, requires_grad=True)
    for t in range(3):
        env.step(weight + t)
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.action[:, 0], [[0, 0], [1, 1], [2, 2]])


class Jealous(Corridor):
    """Knows who asks for its dictionary: an object that was asked once is slower for good (Python 3.11, 3.12)."""

    asked = 0

    @property
    def __dict__(self):
        type(self).asked += 1
        return {}


def test_no_object_of_the_script_is_asked_for_its_dictionary(tap):
    env = Jealous()
    env.reset()
    for _ in range(9):
        env.step(0)
    tap.cut(1)
    assert tap.facts()[0].cls.endswith("Jealous")
    assert Jealous.asked == 0
