"""State out, state into new environments: from there on, everything is the same to the bit."""

from __future__ import annotations

import enum
import json
import random
from collections import deque

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from ppodoctor.training.envs import EnvOptions, make_envs
from ppodoctor.training.envs.snapshot import Uncopyable, capture, reinstate


def actions(envs, generator):
    space = envs.action_space
    if isinstance(space, gym.spaces.Discrete):
        return generator.integers(0, space.n, envs.num_envs)
    return generator.uniform(-1, 1, (envs.num_envs, *space.shape)).astype(np.float32)


def walk(envs, generator, count):
    """All that can be seen in `count` steps."""
    seen = []
    for _ in range(count):
        step = envs.step(actions(envs, generator))
        seen.append([step.observation.tolist(), step.reward.tolist(), step.valid.tolist(), step.episodes])
        seen.append([step.terminated.tolist(), step.truncated.tolist()])
    return seen


class Heading(enum.Enum):
    NORTH = 0
    SOUTH = 1


class Body:
    __slots__ = ("speed", "trail")

    def __init__(self):
        self.speed, self.trail = 0.0, deque(maxlen=3)


class Rich(gym.Env):
    """Has state in every kind of place: global generators, enums, slots, shared objects, cycles, None until later."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (5,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self):
        self.heading, self.body, self.mine = Heading.NORTH, None, random.Random(1)
        self.seen, self.history, self.me = {}, [], self
        self.legacy = np.random.RandomState(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if self.np_random.random() < 0.8:
            self.body = Body()
        self.same = self.body
        self.steps = 0
        return self.look(), {}

    def step(self, action):
        self.steps += 1
        if self.body is not None:
            self.body.speed += action * random.random() + np.random.normal()  # noqa: NPY002
            self.body.trail.append(self.body.speed)
            self.same.speed += 1.0
        self.heading = Heading((self.heading.value + action) % 2)
        self.seen[(self.steps, "a")] = np.float32(self.steps)
        self.history.append((self.steps, {1, 2}))
        return self.look(), float(self.legacy.rand()), self.np_random.random() < 0.1, False, {}

    def look(self):
        speed = 0.0 if self.body is None else self.body.speed + sum(self.body.trail)
        parts = [speed, self.heading.value, self.mine.random(), len(self.seen), len(self.history)]
        return np.array(parts, np.float32)


KINDS = {
    "CartPole": lambda: make_envs("CartPole-v1", 3),
    "CartPole in turn": lambda: make_envs("CartPole-v1", 3, how="sync"),
    "Acrobot": lambda: make_envs("Acrobot-v1", 2),
    "Pendulum": lambda: make_envs("Pendulum-v1", 2),
    "MountainCarContinuous": lambda: make_envs("MountainCarContinuous-v0", 2),
    "FrozenLake": lambda: make_envs("FrozenLake-v1", 2),
    "frames": lambda: make_envs("CartPole-v1", 2, options=EnvOptions(frame_stack=2)),
    "gymnasium": lambda: make_envs(gym.make_vec("CartPole-v1", 2, vectorization_mode="sync")),
    "stable-baselines3": lambda: make_envs(DummyVecEnv([lambda: gym.make("CartPole-v1")] * 2)),
    "of all sorts": lambda: make_envs(Rich, 2),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_restored_environment_goes_on_to_the_bit(make):
    envs = make()
    envs.reset(3)
    walk(envs, np.random.default_rng(0), 37)
    saved = json.dumps(envs.state())
    expected = walk(envs, np.random.default_rng(1), 80)
    again = make()
    again.reset(99)
    walk(again, np.random.default_rng(2), 11)
    again.restore(json.loads(saved))
    assert walk(again, np.random.default_rng(1), 80) == expected


def test_taking_the_state_changes_nothing():
    plain, watched = (KINDS["of all sorts"]() for _ in range(2))
    results = []
    for envs, watch in ((plain, False), (watched, True)):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        envs.reset(1)
        generator = np.random.default_rng(0)
        for _ in range(5):
            results.append(walk(envs, generator, 10))
            if watch:
                envs.state()
    assert results[:5] == results[5:]


def test_what_lives_outside_is_said():
    for envs in (
        make_envs("CartPole-v1", 2, how="async"),
        make_envs(SubprocVecEnv([lambda: gym.make("CartPole-v1")] * 2)),
    ):
        envs.reset(0)
        assert envs.state() is None
        assert envs.state() is None
        assert len([note for note in envs.notes if "cannot be continued" in note]) == 1
        envs.close()


class Holder:
    def __init__(self, **values):
        self.__dict__.update(values)


def test_what_cannot_be_copied_is_refused_by_name(tmp_path):
    array = np.zeros(4)
    with open(tmp_path / "file", "w") as file:
        for value, words in {
            "file": (file, "Holder.it is a _io.TextIOWrapper"),
            "views": ([array, array[1:]], "views of the same array"),
            "objects": (np.array([object()]), "array of Python objects"),
            "compiled": (iter([1]), "list_iterator"),
        }.values():
            with pytest.raises(Uncopyable, match=words):
                capture([Holder(it=value)])


def test_a_state_cannot_name_a_class_that_is_not_loaded():
    state = capture([Holder(it=Body())])
    text = json.dumps(state).replace('"Body"', '"Nobody"')
    with pytest.raises(Uncopyable, match="no class"):
        reinstate([Holder(it=None)], json.loads(text))


def test_shared_objects_stay_shared():
    body = Body()
    state = json.loads(json.dumps(capture([Holder(one=body, two=body, values=[body])])))
    found = Holder(one=None, two=None, values=None)
    reinstate([found], state)
    assert found.one is found.two is found.values[0]
    assert found.one.trail.maxlen == 3
