"""Classic control in one numpy call is gymnasium's, step by step and episode by episode."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from ppodoctor.training.envs import EnvOptions, make_envs
from ppodoctor.training.envs.classic import world_of
from ppodoctor.training.envs.worlds import WORLDS


def actions(space, generator, count):
    if isinstance(space, gym.spaces.Discrete):
        return generator.integers(0, space.n, count)
    return generator.uniform(-2.5, 2.5, (count, *space.shape)).astype(np.float32)  # some beyond the bounds


@pytest.mark.parametrize("name", WORLDS)
def test_the_same_seed_gives_gymnasium_s_episodes(name):
    limit = EnvOptions(max_episode_steps=60)
    ours, theirs = make_envs(name, 5, how="native", options=limit), make_envs(name, 5, how="sync", options=limit)
    assert "numpy" in ours.why
    assert ours.observation_space == theirs.observation_space
    assert ours.reset(7)[0] == pytest.approx(theirs.reset(7)[0], abs=1e-6)
    generator = np.random.default_rng(0)
    ends = 0
    for _ in range(200):
        sent = actions(ours.action_space, generator, 5)
        one, two = ours.step(sent), theirs.step(sent)
        assert one.observation.dtype == np.float32
        assert one.observation == pytest.approx(two.observation, abs=1e-4)
        assert one.reward == pytest.approx(two.reward, abs=1e-4)
        assert one.terminated.tolist() == two.terminated.tolist()
        assert one.truncated.tolist() == two.truncated.tolist()
        assert one.valid.all()
        ended = one.terminated | one.truncated
        ends += ended.sum()
        assert (one.final_observation is None) == (not ended.any())
        if ended.any():
            assert one.final_observation[ended] == pytest.approx(two.final_observation[ended], abs=1e-4)
        pairs = [
            ((a.env, a.length, a.terminated), (b.env, b.length, b.terminated))
            for a, b in zip(one.episodes, two.episodes, strict=True)
        ]
        assert all(a == b for a, b in pairs)
    assert ends >= 15


def states(name, generator):
    """States all over the space, at its edges too, that single environments can be put into."""
    env = gym.make(name).unwrapped
    env.reset(seed=0)
    size = len(env.state)
    if "Mountain" in name:
        return env, np.stack([generator.uniform(-1.2, 0.6, 400), generator.uniform(-0.07, 0.07, 400)])
    reach = {"CartPole-v0": 0.4, "CartPole-v1": 0.4, "Pendulum-v1": 8.0, "Acrobot-v1": 10.0}[name]
    return env, generator.uniform(-reach, reach, (size, 400))


@pytest.mark.parametrize("name", WORLDS)
def test_one_step_from_anywhere_is_gymnasium_s(name):
    generator = np.random.default_rng(1)
    env, state = states(name, generator)
    if name == "MountainCarContinuous-v0":
        state = state.astype(np.float32).astype(np.float64)
    sent = actions(env.action_space, generator, 400)
    if isinstance(env.action_space, gym.spaces.Box):
        sent = np.clip(sent, env.action_space.low, env.action_space.high)
    world = WORLDS[name][0]()
    ours = state.copy()
    reward, terminated = world.advance(ours, sent)
    seen = world.look(ours)
    found = set()
    for i in range(400):
        env.reset()
        env.state = state[:, i].astype(np.float32) if name == "MountainCarContinuous-v0" else state[:, i].copy()
        expected, paid, ended, *_ = env.step(sent[i])
        assert seen[i] == pytest.approx(expected, rel=1e-5, abs=1e-5)
        assert reward[i] == pytest.approx(paid, rel=1e-5, abs=1e-5)
        assert ended == (terminated is not None and terminated[i])
        found.add(bool(ended))
    assert found == ({False} if name == "Pendulum-v1" else {True, False})


def test_an_id_that_was_registered_anew_is_not_taken_for_gymnasium_s(monkeypatch):
    spec = gym.spec("CartPole-v1")
    assert world_of(spec) is not None
    for change in ({"entry_point": "my:CartPole"}, {"kwargs": {"sutton_barto_reward": True}}):
        other = gym.envs.registration.EnvSpec(**{"id": "CartPole-v1", "entry_point": spec.entry_point, **change})
        assert world_of(other) is None
    assert "numpy" not in make_envs("CartPole-v1", 8, kwargs={"sutton_barto_reward": True}).why
