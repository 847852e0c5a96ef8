"""Ends of episodes, worked by hand, through each way of stepping and each mode of resetting."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from corridor import Corridor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from ppodoctor.training.envs import make_envs
from ppodoctor.training.envs.door import Door
from ppodoctor.training.envs.inprocess import InProcess

MODES = {"next_step": gym.vector.AutoresetMode.NEXT_STEP, "same_step": gym.vector.AutoresetMode.SAME_STEP}
MODES["disabled"] = gym.vector.AutoresetMode.DISABLED
# Environment 0 dies at position 2; environment 1 is cut after three steps.
MAKERS = [lambda: Corridor(end=2, limit=100), lambda: Corridor(end=100, limit=3)]


def vectored(mode, kind=gym.vector.SyncVectorEnv, **kwargs):
    return make_envs(kind(MAKERS, autoreset_mode=MODES[mode], **kwargs))


def in_process(makers):
    return Door(InProcess(makers), how="sync", why="for the test")


def walk(envs, count):
    """Step forward `count` times and return the steps."""
    return [envs.step(np.ones(2, np.int64)) for _ in range(count)]


SAME_STEP = {
    "in process": lambda: in_process(MAKERS),
    "gymnasium same step": lambda: vectored("same_step"),
    "gymnasium same step, no copies": lambda: vectored("same_step", copy=False),
    "gymnasium disabled": lambda: vectored("disabled"),
    "gymnasium disabled, no copies": lambda: vectored("disabled", copy=False),
    "processes": lambda: vectored("same_step", gym.vector.AsyncVectorEnv),
    "stable-baselines3": lambda: make_envs(DummyVecEnv(MAKERS)),
    "stable-baselines3, processes": lambda: make_envs(SubprocVecEnv(MAKERS)),
    "processes, disabled": lambda: vectored("disabled", gym.vector.AsyncVectorEnv),
}


@pytest.mark.parametrize("make", SAME_STEP.values(), ids=SAME_STEP)
def test_reset_in_the_step_of_the_end(make):
    envs = make()
    observation, _ = envs.reset(0)
    assert observation.dtype == np.float32
    assert observation.tolist() == [[0, 0], [0, 0]]
    steps = walk(envs, 4)
    envs.close()
    assert [step.observation.tolist() for step in steps] == [
        [[0, 1], [0, 1]],
        [[1, 0], [0, 2]],
        [[1, 1], [1, 0]],
        [[2, 0], [1, 1]],
    ]
    assert [step.reward.tolist() for step in steps] == [[1, 1], [2, 2], [1, 3], [2, 1]]
    assert all(step.reward.dtype == np.float32 for step in steps)
    assert [step.terminated.tolist() for step in steps] == [
        [False, False],
        [True, False],
        [False, False],
        [True, False],
    ]
    assert [step.truncated.tolist() for step in steps] == [
        [False, False],
        [False, False],
        [False, True],
        [False, False],
    ]
    assert all(step.valid.all() for step in steps)
    assert steps[0].final_observation is None
    assert steps[1].final_observation[0].tolist() == [0, 2]
    assert steps[2].final_observation[1].tolist() == [0, 3]
    assert steps[3].final_observation[0].tolist() == [1, 2]
    ended = [[(e.env, e.ret, e.length, e.terminated, e.truncated) for e in step.episodes] for step in steps]
    assert ended == [[], [(0, 3.0, 2, True, False)], [(1, 6.0, 3, False, True)], [(0, 3.0, 2, True, False)]]


NEXT_STEP = {
    "gymnasium": lambda: vectored("next_step"),
    "gymnasium, no copies": lambda: vectored("next_step", copy=False),
    "processes": lambda: vectored("next_step", gym.vector.AsyncVectorEnv),
}


@pytest.mark.parametrize("make", NEXT_STEP.values(), ids=NEXT_STEP)
def test_reset_in_the_step_after_the_end(make):
    envs = make()
    envs.reset(0)
    steps = walk(envs, 5)
    envs.close()
    assert [step.observation.tolist() for step in steps] == [
        [[0, 1], [0, 1]],
        [[0, 2], [0, 2]],  # environment 0 ended: what it showed last
        [[1, 0], [0, 3]],  # its reset, while environment 1 was cut
        [[1, 1], [1, 0]],
        [[1, 2], [1, 1]],
    ]
    assert [step.reward.tolist() for step in steps] == [[1, 1], [2, 2], [0, 3], [1, 0], [2, 1]]
    assert [step.valid.tolist() for step in steps] == [
        [True, True],
        [True, True],
        [False, True],
        [True, False],
        [True, True],
    ]
    assert [step.terminated[0] for step in steps] == [False, True, False, False, True]
    assert [step.truncated[1] for step in steps] == [False, False, True, False, False]
    assert steps[1].final_observation[0].tolist() == [0, 2]
    assert steps[2].final_observation[1].tolist() == [0, 3]
    assert steps[0].final_observation is None
    assert steps[3].final_observation is None
    ended = [[(e.env, e.ret, e.length, e.terminated, e.truncated) for e in step.episodes] for step in steps]
    assert ended == [[], [(0, 3.0, 2, True, False)], [(1, 6.0, 3, False, True)], [], [(0, 3.0, 2, True, False)]]


def test_an_end_that_is_both_says_both():
    envs = make_envs(Corridor, 1, kwargs={"end": 2, "limit": 2})
    envs.reset(0)
    envs.step(np.ones(1, np.int64))
    step = envs.step(np.ones(1, np.int64))
    assert step.terminated.tolist() == step.truncated.tolist() == [True]
    assert step.episodes[0].terminated
    assert step.episodes[0].truncated
