"""Environments of packages that are extras: each test runs where its package is installed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ppodoctor.training.envs import EnvironmentFault, EnvOptions, make_envs
from ppodoctor.training.envs.layers import image_axes


def random_actions(envs, generator):
    space = envs.action_space
    if hasattr(space, "n"):
        return generator.integers(0, space.n, envs.num_envs)
    return generator.uniform(-1, 1, (envs.num_envs, *space.shape)).astype(np.float32)


def walk(envs, count, seed=0):
    generator = np.random.default_rng(seed)
    return [envs.step(random_actions(envs, generator)) for _ in range(count)]


def test_envpool_resets_in_the_step_after_the_end():
    pytest.importorskip("envpool")
    envs = make_envs("CartPole-v1", 3, how="envpool", options=EnvOptions(max_episode_steps=30))
    envs.reset(4)
    steps = walk(envs, 200)
    ended = np.array([step.terminated | step.truncated for step in steps])
    valid = np.array([step.valid for step in steps])
    assert np.array_equal(valid[1:], ~ended[:-1])
    assert np.array([step.reward for step in steps])[~valid].tolist() == [0.0] * int((~valid).sum())
    episodes = [one for step in steps for one in step.episodes]
    assert len(episodes) == ended.sum()
    assert all(one.ret == one.length <= 30 for one in episodes)
    assert {one.terminated for one in episodes} == {True, False}
    for step, ends in zip(steps, ended, strict=True):
        final = step.final_observation
        assert (final is not None) == ends.any()
        if final is not None:
            outside = (np.abs(final[:, 2]) > 0.2095) | (np.abs(final[:, 0]) > 2.4)
            assert np.array_equal(outside[ends], step.terminated[ends])
    envs.close()


def test_envpool_is_seeded_by_reset():
    pytest.importorskip("envpool")
    first, second, other = (make_envs("CartPole-v1", 2, how="envpool") for _ in range(3))
    assert np.array_equal(first.reset(1)[0], second.reset(1)[0])
    assert not np.array_equal(first.reset(1)[0], other.reset(2)[0])
    assert first.state() is None
    assert "EnvPool" in first.notes[-1]


def test_an_envpool_that_was_made_elsewhere():
    envpool = pytest.importorskip("envpool")
    for kind in ("gymnasium", "gym"):
        envs = make_envs(envpool.make("CartPole-v1", env_type=kind, num_envs=2, max_episode_steps=5))
        envs.reset()
        steps = walk(envs, 12)
        assert envs.how == "given"
        assert steps[4].truncated.tolist() == [True, True]
        assert not steps[4].terminated.any()
        assert [step.valid.all() for step in steps] == [True] * 5 + [False] + [True] * 5 + [False]
    with pytest.raises(EnvironmentFault, match="batch_size"):
        make_envs(envpool.make("CartPole-v1", env_type="gymnasium", num_envs=4, batch_size=2))
    with pytest.raises(EnvironmentFault, match=r"nearest: .*CartPole-v1"):
        make_envs("CartPol-v1", 2, how="envpool")


@pytest.mark.parametrize("how", ["native", "sync", "envpool"])
def test_atari_is_preprocessed_by_itself(how):
    for module in ("ale_py", "cv2", *(["envpool"] if how == "envpool" else [])):
        pytest.importorskip(module)
    name = "Pong-v5" if how == "envpool" else "ALE/Pong-v5"
    envs = make_envs(name, 2, how=how, options=EnvOptions(frame_stack=4))
    observation, _ = envs.reset(0)
    assert observation.shape == (2, 4, 84, 84)
    assert observation.dtype == np.uint8
    assert envs.autoreset == ("next_step" if how == "envpool" else "same_step")
    assert image_axes(envs.observation_space) == "CHW"
    steps = walk(envs, 10)
    assert not np.array_equal(steps[9].observation[0, 0], steps[9].observation[0, 3])
    assert np.array_equal(steps[9].observation[:, :3], steps[8].observation[:, 1:])


def test_atari_as_it_is():
    pytest.importorskip("ale_py")
    pytest.importorskip("cv2")
    plain = make_envs("ALE/Pong-v5", 1, options=EnvOptions(atari=False))
    assert plain.how == "sync"
    assert "atari=False" in plain.why
    assert plain.reset(0)[0].shape == (1, 210, 160, 3)
    assert make_envs("ALE/Pong-v5", 1).how == "native"
    assert make_envs("PongNoFrameskip-v4", 1).reset(0)[0].shape == (1, 84, 84)


def test_atari_ends_keep_their_last_observation():
    pytest.importorskip("ale_py")
    envs = make_envs("ALE/Breakout-v5", 2, options=EnvOptions(frame_stack=2, max_episode_steps=40))
    envs.reset(0)
    steps = walk(envs, 90)
    episodes = [one for step in steps for one in step.episodes]
    assert episodes
    assert all(one.length <= 41 for one in episodes)
    for step in steps:
        ended = step.terminated | step.truncated
        assert (step.final_observation is not None) == ended.any()
        for i in np.flatnonzero(ended):
            assert not np.array_equal(step.final_observation[i], step.observation[i])
            assert step.final_observation[i].any()


def frames(name, options=None):
    """Emulator frames that two steps take."""
    envs = make_envs(name, 1, how="sync", options=options)
    envs.reset(0)
    ale = envs.source.envs[0].unwrapped.ale
    before = ale.getEpisodeFrameNumber()
    walk(envs, 2)
    return ale.getEpisodeFrameNumber() - before


def test_atari_frames_are_skipped_once():
    pytest.importorskip("ale_py")
    pytest.importorskip("cv2")
    assert frames("ALE/Pong-v5") == 8
    assert frames("PongNoFrameskip-v4") == 8


@pytest.mark.parametrize("name", ["HalfCheetah-v5", "Hopper-v5"])
def test_mujoco_goes_on_to_the_bit(name):
    pytest.importorskip("mujoco")
    envs = make_envs(name, 2)
    assert envs.observation_space.dtype == np.float32
    envs.reset(0)
    walk(envs, 30)
    saved = json.loads(json.dumps(envs.state()))
    expected = walk(envs, 60, seed=1)
    again = make_envs(name, 2)
    again.reset(5)
    again.restore(saved)
    for one, two in zip(expected, walk(again, 60, seed=1), strict=True):
        assert np.array_equal(one.observation, two.observation)
        assert np.array_equal(one.reward, two.reward)


def test_box2d_says_that_it_cannot_be_continued():
    pytest.importorskip("Box2D")
    envs = make_envs("LunarLander-v3", 2)
    envs.reset(0)
    steps = walk(envs, 300)
    assert any(step.episodes for step in steps)
    assert envs.state() is None
    assert "LunarLander-v3 cannot be continued" in envs.notes[-1]


def test_minigrid_by_its_id():
    pytest.importorskip("minigrid")
    for how in ("sync", "async"):
        envs = make_envs("MiniGrid-Empty-5x5-v0", 2, how=how, options=EnvOptions(max_episode_steps=9))
        observation, _ = envs.reset(0)
        assert {name: part.shape for name, part in observation.items()} == {"direction": (2,), "image": (2, 7, 7, 3)}
        assert any(step.truncated.all() for step in walk(envs, 9))
        envs.close()
    assert "'mission'" in make_envs("MiniGrid-Empty-5x5-v0", 1).notes[0]
