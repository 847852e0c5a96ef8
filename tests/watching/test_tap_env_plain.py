"""Where what is below an environment passes rewards on as they are, its calls are not looked at between specimens."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import ROWS, Count, Doubled, episodes, kept_then_light, play, vector_run
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

from ppodoctor.recorder import Recorder
from ppodoctor.watching.tap_env import EnvTap


class LaterDoubled(gymnasium.Wrapper):
    """Passes rewards on until it is told otherwise."""

    doubling = False

    def step(self, action):
        observation, reward, *rest = self.env.step(action)
        return observation, reward * (2 if self.doubling else 1), *rest


class Silent:
    """Several environments whose episodes have not ended yet."""

    num_envs = 2

    def __init__(self):
        self.inner = [Count(i, length=10_000) for i in range(self.num_envs)]

    def reset(self, seed=None):
        return np.stack([env.reset(seed=seed)[0] for env in self.inner]), {}

    def step(self, actions):
        parts = zip(*(env.step(action) for env, action in zip(self.inner, actions, strict=True)), strict=True)
        *arrays, _ = (np.array(part) for part in parts)
        return *arrays, {}


def test_an_environment_below_wrappers_that_change_nothing_is_not_traced(tap, recorder):
    env = gymnasium.make("CartPole-v1", max_episode_steps=20)
    columns = kept_then_light(tap, lambda: play(env, ROWS))
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert stream.plain
    assert columns["rollout_steps"] == ROWS
    assert {one["ret"] for one in episodes(recorder)} == {one["ret_seen"] for one in episodes(recorder)}
    assert all(one["ret"] == one["length"] for one in episodes(recorder))


def test_ends_are_seen_all_the_same(tap, recorder):
    """Twice the same run: once its second half untraced, once traced throughout."""
    env = gymnasium.make("CartPole-v1", max_episode_steps=20)
    kept_then_light(tap, lambda: play(env, ROWS))
    untraced = [(one["length"], one["terminated"], one["truncated"]) for one in episodes(recorder)]
    again = Recorder(recorder.folder / "again", producer="test")
    traced_tap = EnvTap(again, None)
    tap.detach()
    traced_tap.attach_classes()
    other = gymnasium.make("CartPole-v1", max_episode_steps=20)
    traced_tap.keep_rows = True
    for _ in range(2):
        play(other, ROWS)
        traced_tap.cut(1)
    traced_tap.detach()
    assert untraced == [(one["length"], one["terminated"], one["truncated"]) for one in episodes(again)]
    assert {truncated for _, _, truncated in untraced} == {True, False}


@pytest.mark.parametrize("vector", [False, True])
def test_a_wrapper_that_changes_rewards_keeps_being_looked_below(tap, recorder, vector):
    if vector:
        envs = gymnasium.vector.SyncVectorEnv([lambda: Doubled(gymnasium.make("CartPole-v1"))] * 3)
        kept_then_light(tap, lambda: vector_run(envs))
    else:
        env = Doubled(gymnasium.make("CartPole-v1"))
        kept_then_light(tap, lambda: play(env, ROWS))
    assert not any(watched.stream.plain for watched in tap.streams.watched)
    assert all(one["ret_seen"] == 2 * one["ret"] for one in episodes(recorder))


def test_a_vector_environment_is_looked_below_until_it_has_shown_who_resets(tap):
    told = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * 3)
    kept_then_light(tap, lambda: vector_run(told))
    silent = Silent()
    kept_then_light(tap, lambda: vector_run(silent))
    says, does_not_say = [watched.stream for watched in tap.streams.watched]
    assert (says.autoreset, says.plain) == ("next_step", True)
    assert (does_not_say.autoreset, does_not_say.plain) == ("unknown", False)


def test_a_vector_environment_that_keeps_final_observations_to_itself_is_looked_below(tap):
    class Untold(Silent):
        """The older interface, resetting within the step, with nothing in its infos."""

        metadata = {"autoreset_mode": "same_step"}  # noqa: RUF012

        def __init__(self):
            self.inner = [Count(i, length=5) for i in range(self.num_envs)]

        def step(self, actions):
            obs, reward, terminated, truncated, _ = super().step(actions)
            done = terminated | truncated
            for i in np.flatnonzero(done):
                obs[i] = self.inner[i].reset()[0]
            return obs, reward, done, [{} for _ in done]

    envs = Untold()
    kept_then_light(tap, lambda: vector_run(envs))
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert (stream.autoreset, stream.light) == ("same_step", False)


def test_a_change_is_noticed_when_steps_are_kept_again(tap, recorder):
    env = LaterDoubled(gymnasium.make("CartPole-v1"))
    kept_then_light(tap, lambda: play(env, ROWS))
    stream = tap.streams.watched[0].stream
    assert stream.plain
    env.doubling = True
    kept_then_light(tap, lambda: play(env, ROWS))
    assert not stream.plain
    assert episodes(recorder)[-1]["ret_seen"] == 2 * episodes(recorder)[-1]["ret"]


def test_classes_below_are_left_alone_while_nobody_looks_there(tap):
    ours = CartPoleEnv.step
    env = gymnasium.make("CartPole-v1")
    kept_then_light(tap, lambda: play(env, ROWS))
    assert CartPoleEnv.step is ours.__wrapped__
    tap.keep_rows = True
    play(env, 3)
    assert CartPoleEnv.step is ours


def test_another_environment_of_such_a_class_is_seen_whole(tap):
    envs = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync")
    kept_then_light(tap, lambda: vector_run(envs))
    alone = CartPoleEnv()
    vector_run(envs, 5)  # left alone again: the new one has not been stepped
    alone.reset(seed=3)
    for _ in range(4):
        alone.step(0)
    vector, single = tap.facts()
    assert (single.steps, vector.steps) == (4, 2 * (2 * ROWS + 5))


def test_steps_in_halves_are_counted_while_classes_are_left_alone(tap):
    class Halved(gymnasium.vector.VectorWrapper):
        def step_async(self, actions):
            self.sent = actions

        def step_wait(self):
            return self.env.step(self.sent)

    def by_halves():
        envs.reset(seed=1)
        for k in range(ROWS):
            envs.step_async(np.full(2, k % 2))
            envs.step_wait()

    envs = Halved(gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync"))
    kept_then_light(tap, by_halves)
    assert tap.streams.watched[0].stream.plain
    assert tap.facts()[0].steps == 2 * 2 * ROWS


def test_classes_left_alone_get_everything_back_in_the_end(recorder):
    own = vars(CartPoleEnv)["step"]
    tap = EnvTap(recorder)
    tap.attach_classes()
    env = gymnasium.make("CartPole-v1")
    kept_then_light(tap, lambda: play(env, ROWS))
    tap.detach()
    assert vars(CartPoleEnv)["step"] is own


class Four:
    """Four values around an environment that returns five, as scripts write them."""

    def __init__(self, env):
        self.env = env

    def reset(self):
        return self.env.reset()[0]

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, terminated or truncated, info


def test_what_only_the_environment_below_says_of_an_end_is_looked_for_there(tap, recorder):
    env = Four(gymnasium.make("CartPole-v1", max_episode_steps=12))

    def run():
        env.reset()
        for k in range(ROWS):
            if env.step(k % 2)[2]:
                env.reset()

    kept_then_light(tap, run)
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert not stream.plain
    assert {
        (one["length"], one["truncated"]) for one in episodes(recorder) if one["terminated"] or one["truncated"]
    } == {(12, True)}


def test_a_vector_environment_that_says_only_done_may_tell_its_time_limits_in_info(tap, recorder):
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    envs = vec_env.DummyVecEnv([lambda: gymnasium.make("CartPole-v1", max_episode_steps=12)] * 2)

    def run():
        envs.reset()
        for k in range(ROWS):
            envs.step(np.full(2, k % 2))

    columns = kept_then_light(tap, run)
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert stream.plain
    assert columns["episode_length"] == 12
    ended = [one for one in episodes(recorder) if one["terminated"] or one["truncated"]]
    assert {(one["length"], one["truncated"], one["ret"]) for one in ended} == {(12, True, 12.0)}
    assert len(ended) >= 4 * (ROWS // 12)


def test_wrappers_between_are_left_alone_and_seen_again(tap, recorder):
    env = Doubled(gymnasium.wrappers.TimeLimit(Count(0, length=10_000), 50))
    kept_then_light(tap, lambda: play(env, ROWS))
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert stream.light
    assert not stream.plain
    assert not hasattr(gymnasium.wrappers.TimeLimit.step, "__wrapped__")
    assert hasattr(Count.step, "__wrapped__")
    ended = [one for one in episodes(recorder) if one["truncated"]]
    assert {one["ret_seen"] / one["ret"] for one in ended} == {2.0}
    tap.keep_rows = True
    env.reset()
    for k in range(5):
        env.step(k % 2)
    (rollout,), _ = tap.cut(2)
    assert hasattr(gymnasium.wrappers.TimeLimit.step, "__wrapped__")
    np.testing.assert_array_equal(rollout.reward, 2 * rollout.raw_reward)
    np.testing.assert_array_equal(rollout.inner_action[:, 0], 1 - rollout.action[:, 0])
