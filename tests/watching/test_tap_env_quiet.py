"""Streams of which only numbers are kept: when they may be, and what is noticed all the same."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import ROWS, Corridor, episodes, kept_then_light, play, vector_run

from ppodoctor.watching import env_ends


class Old:
    """Several environments of the older interface: resets within the step, time limits alone in its infos."""

    num_envs = 2

    def __init__(self):
        self.inner = [Corridor(3), Corridor(5)]
        self.ends = 0

    def reset(self, seed=None):
        return np.stack([np.array(env.reset()) for env in self.inner])

    def step(self, actions):
        obs, rewards, dones, infos = [], [], [], []
        for env, action in zip(self.inner, actions, strict=True):
            after, reward, done, _ = env.step(action)
            self.ends += done
            infos.append({"TimeLimit.truncated": True} if done and self.ends % 2 else {})
            obs.append(np.array(env.reset() if done else after))
            rewards.append(reward)
            dones.append(done)
        return np.stack(obs), np.array(rewards), np.array(dones), infos


@pytest.mark.parametrize("learned", [0, 10_000])
def test_an_old_vector_environment_is_left_alone_where_nothing_below_says_more(tap, recorder, monkeypatch, learned):
    monkeypatch.setattr(env_ends, "_LEARNED", learned)
    envs = Old()
    columns = kept_then_light(tap, lambda: vector_run(envs))
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert stream.plain
    assert tap._rest.on
    late = [one for one in episodes(recorder) if one["step"] > 2 * ROWS and one["length"] in (3, 5)]
    assert len(late) == columns["episodes"] == ROWS // 3 + ROWS // 5
    assert abs(sum(one["truncated"] for one in late) - len(late) / 2) <= 1


def test_a_step_that_raises_decides_nothing_about_the_rollout_to_come(tap):
    class Fails(gymnasium.Wrapper):
        failing = False

        def step(self, action):
            if self.failing:
                raise ValueError("a joint broke")
            return self.env.step(action)

    env = Fails(gymnasium.make("CartPole-v1"))
    kept_then_light(tap, lambda: play(env, ROWS))
    env.failing = True
    with pytest.raises(ValueError, match="a joint broke"):
        env.step(0)
    env.failing = False
    tap.cut(2)
    tap.keep_rows = True
    tap.cut(3)
    play(env, 20)
    (rollout,), _ = tap.cut(4)
    assert len(rollout.reward) == 20


def test_who_resets_is_learned_from_an_end_that_nobody_heard_of(tap):
    class Resets(gymnasium.Wrapper):
        """Resets itself in the step after an end."""

        over = resetting = False

        def step(self, action):
            if self.over:
                self.over = False
                return self.env.reset()[0], 0.0, False, False, {}
            observation, reward, terminated, truncated, info = self.env.step(action)
            self.over = self.resetting and (terminated or truncated)
            return observation, reward, terminated, truncated, info

    env = Resets(gymnasium.make("CartPole-v1", max_episode_steps=20))
    tap.on_step = lambda: setattr(tap, "idle", 10**6)
    kept_then_light(tap, lambda: play(env, ROWS))
    assert tap.streams.watched[0].stream.autoreset == "none"
    env.resetting = True
    env.reset()
    while not any(env.step(0)[2:4]):
        pass
    tap.keep_rows = True
    tap.cut(3)
    env.step(0)
    assert tap.streams.watched[0].stream.autoreset == "next_step"


def test_rewards_that_are_tensors_stay_where_they_are_until_the_fold(tap):
    torch = pytest.importorskip("torch")

    class OnDevice(gymnasium.Wrapper):
        def step(self, action):
            observation, reward, *rest = self.env.step(action)
            return observation, torch.tensor(reward), *rest

    env = OnDevice(gymnasium.make("CartPole-v1"))
    columns = kept_then_light(tap, lambda: play(env, ROWS))
    (stream,) = [watched.stream for watched in tap.streams.watched]
    assert (stream.plain, stream.tape) == (True, None)
    assert (columns["rollout_steps"], columns["reward_mean"]) == (ROWS, 1.0)
