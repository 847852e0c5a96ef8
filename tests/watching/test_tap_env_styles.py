"""The environment tap on other people's ways: Stable-Baselines3, two-part steps, simulators, odd classes."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import play
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from ppodoctor.watching.tap_env import EnvTap


class Count(gymnasium.Env):
    """Observation [t]; reward t; truncated after `length` steps."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, length=4):
        self.length = length

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.full(1, self.t, np.float32), float(self.t), False, self.t >= self.length, {"is_success": True}


class OnlyResets(gymnasium.Wrapper):
    """Inherits the step of gymnasium's base class."""

    def reset(self, **kwargs):
        return self.env.reset(**kwargs)


class Further(OnlyResets):
    """Inherits it by way of another class."""


@pytest.fixture
def tap(tap):
    tap.keep_rows = True
    return tap


@pytest.mark.parametrize("kind", ["dummy", "subproc"])
def test_stable_baselines(tap, kind):
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    makers = [lambda: Count(4), lambda: Count(3)]
    envs = vec_env.DummyVecEnv(makers) if kind == "dummy" else vec_env.SubprocVecEnv(makers, start_method="fork")
    envs = vec_env.VecNormalize(envs, norm_obs=False, gamma=0.9)
    envs.seed(3)
    envs.reset()
    for _ in range(12):
        envs.step(np.array([0, 1]))
    (rollout,), columns = tap.cut(1)
    envs.close()
    expected = np.array([[t % 4 + 1, t % 3 + 1] for t in range(12)])
    np.testing.assert_array_equal(rollout.next_obs[..., 0], expected)
    np.testing.assert_array_equal(rollout.obs[..., 0], expected - 1)
    np.testing.assert_array_equal(rollout.raw_reward, expected)
    assert not np.allclose(rollout.reward, expected)
    np.testing.assert_array_equal(rollout.truncated, expected == [4, 3])
    np.testing.assert_array_equal(rollout.done_seen, rollout.truncated)
    assert not rollout.terminated.any()
    assert rollout.final_known.all()
    assert columns["episodes"] == 7
    (facts,) = tap.facts()
    assert facts.api == "sb3"
    assert facts.autoreset == "same_step"
    assert facts.returns == 4
    assert facts.seeds == (3,)
    assert facts.facts["success"]["is_success"] == 1
    assert ("Count" in facts.layers[-1]) == (kind == "dummy")


def test_steps_in_two_parts(tap):
    class TwoParts:
        """The older baselines' interface, without a step of its own."""

        num_envs = 2

        def reset(self):
            self.t = 0
            return np.zeros((2, 1))

        def step_async(self, actions):
            self.actions = actions

        def step_wait(self):
            self.t += 1
            return np.full((2, 1), self.t), self.actions * 1.0, np.array([self.t % 5 == 0] * 2), [{}, {}]

    envs = TwoParts()
    envs.reset()
    for t in range(10):
        envs.step_async(np.array([t, -t]))
        envs.step_wait()
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.action[:, 0], range(10))
    np.testing.assert_array_equal(rollout.reward, rollout.action)
    assert rollout.terminated.sum() == 4


def test_a_simulator_below_is_no_environment(tap, recorder):
    class Simulator:
        def reset(self):
            self.x = 0.0

        def step(self, force):
            self.x += force
            return self.x

    class Driven:
        def __init__(self):
            self.simulator = Simulator()

        def reset(self):
            self.simulator.reset()
            return np.zeros(1)

        def step(self, action):
            for _ in range(3):
                x = self.simulator.step(action)
            return np.array([x]), -x, x > 20, {}

    env = Driven()
    env.reset()
    for _ in range(6):
        env.step(1)
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.raw_reward, rollout.reward)
    np.testing.assert_array_equal(rollout.inner_action[1:], rollout.action[1:])
    assert "__wrapped__" not in vars(Simulator.step)
    assert tap.facts()[0].layers == (tap.facts()[0].cls,)
    assert recorder.notes == []


def test_one_environment_under_two_wrappers_is_one_stream(tap):
    inner = gymnasium.make("CartPole-v1")
    outer = gymnasium.wrappers.RecordEpisodeStatistics(inner)
    outer.reset(seed=0)
    outer.step(0)
    inner.step(1)
    outer.step(0)
    (rollout,), _ = tap.cut(1)
    assert len(tap.facts()) == 1
    np.testing.assert_array_equal(rollout.action[:, 0], [0, 1, 0])
    np.testing.assert_array_equal(rollout.obs[1:], rollout.next_obs[:-1])


def test_a_vector_environment_that_hands_out_its_buffer(tap):
    envs = SyncVectorEnv([Count, Count], copy=False)
    stored = [envs.reset()[0].copy()]
    for _ in range(3):
        stored.append(envs.step(np.zeros(2, int))[0].copy())
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.obs, stored[:-1])
    np.testing.assert_array_equal(rollout.next_obs, stored[1:])
    assert tap.facts()[0].returned_array_reused is True


def test_odd_classes(tap):
    class Slotted:
        """No weak references, a parameter named like ours, keyword-only arguments, three values."""

        __slots__ = ("t",)

        def reset(self):
            self.t = 0
            return 0

        def step(self, out, *, times=1):
            self.t += times
            return self.t, 1, self.t > 3

    class Named:
        def reset(self):
            return [0.0]

        def step(self, trace):
            return [float(trace)], 0.0, np.bool_(False), {}

    odd = Slotted()
    odd.reset()
    odd.step(1)
    odd.step(out=2, times=2)
    assert odd.step(0)[2]
    named = Named()
    named.reset()
    assert named.step(trace=4) == ([4.0], 0.0, False, {})
    (first, second), _ = tap.cut(1)
    np.testing.assert_array_equal(first.action[:, 0], [1, 2, 0])
    np.testing.assert_array_equal(first.next_obs[:, 0, 0], [1, 3, 4])
    assert first.terminated[-1, 0]
    assert first.done_seen[-1, 0]
    np.testing.assert_array_equal(second.action[:, 0], [4])
    assert tap.facts()[0].returns == 3


def test_a_script_that_makes_numpy_raise(tap, recorder):
    class Extreme:
        def reset(self):
            return np.array([np.inf])

        def step(self, action):
            return np.array([np.nan]), 1e308 * action, action > 9, {}

    env = Extreme()
    with np.errstate(all="raise"):
        env.reset()
        for t in range(11):
            env.step(t)
        (rollout,), columns = tap.cut(1)
        tap.facts()
    assert rollout.terminated[-1, 0]
    assert columns["reward_abs_max"] == np.inf
    assert recorder.notes == []
    assert tap.facts()[0].facts["obs_nan"] == 10
    assert tap.facts()[0].facts["obs_infinite"] == 1


def test_an_environment_made_again_for_every_episode_is_one_stream(tap):
    for episode in range(3):
        env = gymnasium.make("CartPole-v1")
        env.reset(seed=episode)
        for _ in range(5):
            env.step(episode % 2)
        del env
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(np.flatnonzero(rollout.reset_before), [0, 5, 10])
    (facts,) = tap.facts()
    assert facts.facts["objects"] == 3
    assert facts.seeds == (0, 1, 2)


def test_an_inherited_step_and_a_mixin(tap):
    class Steps:
        def step(self, action):
            return [float(action)], 1.0, False, {}

    class Resets:
        def reset(self):
            return [0.0]

    class Both(Steps, Resets):
        pass

    class Scaled(Both):
        def step(self, action):
            obs, reward, done, info = super().step(action)
            return obs, reward * 5, done, info

    env = Scaled()
    env.reset()
    env.step(2)
    (rollout,), _ = tap.cut(1)
    assert rollout.raw_reward[0, 0] == rollout.reward[0, 0] == 5


def test_gym_like_modules_attached_after_their_import(recorder):
    tap = EnvTap(recorder, None)
    tap.attach_gymnasium(gymnasium)
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    env.step(0)
    assert tap.total_steps == 1
    tap.detach()
    env.step(0)
    assert tap.total_steps == 1


def test_an_object_that_is_reset_through_another_one(tap):
    class Frame:
        """Resets what it holds, and lets the script step that itself."""

        def __init__(self, env):
            self.env = env

        def reset(self):
            return {"observation": self.env.reset(seed=4)[0]}

        def step(self, action):
            return self.env.step(action)

    env = gymnasium.make("CartPole-v1")
    first = Frame(env).reset()["observation"]
    env.step(0)
    env.step(1)
    (rollout,), _ = tap.cut(1)
    np.testing.assert_array_equal(rollout.obs[0, 0], first)
    assert rollout.reset_before[0, 0]
    assert tap.facts()[0].cls.endswith("TimeLimit")
    assert len(tap.facts()) == 1


@pytest.mark.parametrize("kind", [OnlyResets, Further])
def test_a_wrapper_that_inherits_its_step_is_the_outermost_and_gets_it_back(recorder, kind):
    before = dict(vars(kind))
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    tap.attach_gymnasium(gymnasium)
    env = kind(gymnasium.make("CartPole-v1"))
    play(env, 20)
    (facts,) = tap.facts()
    assert facts.cls.endswith(kind.__name__)
    assert facts.steps == 20
    tap.detach()
    assert dict(vars(kind)) == before
    assert kind.step is gymnasium.Wrapper.step
