"""Environments by name, by file, by callable; the ways of stepping; help where a name is not found; seeds."""

from __future__ import annotations

import sys
import types

import gymnasium as gym
import numpy as np
import pytest
from corridor import Corridor

from ppodoctor.training.envs import EnvironmentFault, EnvOptions, make_envs
from ppodoctor.training.envs import target as targets

FILE = """
import gymnasium, helper_beside
class Mine(gymnasium.Env):
    def __init__(self, size=2):
        self.observation_space = gymnasium.spaces.Box(-1, 1, (size,))
        self.action_space = gymnasium.spaces.Discrete(helper_beside.ACTIONS)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample() * 0, {}
    def step(self, action):
        return self.observation_space.sample() * 0, 1.0, True, False, {}
class NeedsMore(Mine):
    def __init__(self, size, other):
        super().__init__()
number = 3
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("my_envs", "helper_beside"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "my_envs.py").write_text(FILE)
    (tmp_path / "helper_beside.py").write_text("ACTIONS = 5\n")
    return tmp_path / "my_envs.py"


def test_auto_takes_the_vector_environment_where_there_is_one():
    envs = make_envs("CartPole-v1", 4)
    assert (envs.how, envs.num_envs, envs.spec_id, envs.autoreset) == ("native", 4, "CartPole-v1", "same_step")
    assert "numpy" in envs.why
    envs = make_envs("CartPole-v1", 4, kwargs={"sutton_barto_reward": True})
    assert (envs.how, envs.num_envs, envs.spec_id, envs.autoreset) == ("native", 4, "CartPole-v1", "next_step")
    assert "vector environment of its own" in envs.why
    assert make_envs("CartPole-v1", 1).how == "sync"
    envs = make_envs("FrozenLake-v1", 4)
    assert envs.how == "sync"
    assert "no vector environment" in envs.why


def test_the_time_limit_is_kept_and_can_be_changed():
    for how, kwargs in (("native", {}), ("native", {"sutton_barto_reward": True}), ("sync", {})):
        envs = make_envs("CartPole-v1", 2, how=how, kwargs=kwargs, options=EnvOptions(max_episode_steps=3))
        envs.reset(0)
        steps = [envs.step(np.zeros(2, np.int64)) for _ in range(3)]
        assert steps[-1].truncated.tolist() == [True, True]
        assert [one.length for one in steps[-1].episodes] == [3, 3]
    envs = make_envs(Corridor, 1, kwargs={"end": 100}, options=EnvOptions(max_episode_steps=4))
    envs.reset(0)
    assert [bool(envs.step(np.ones(1, np.int64)).truncated[0]) for _ in range(5)] == [False] * 3 + [True, False]


def test_a_class_in_a_file(file):
    envs = make_envs(f"{file}:Mine", 2, kwargs={"size": 7})
    assert envs.reset(0)[0].shape == (2, 7)
    assert envs.action_space.n == 5
    assert make_envs(f"{file}:Mine", 1).source.envs[0].__class__ is envs.source.envs[0].__class__


def test_a_class_in_a_file_runs_in_processes(file):
    envs = make_envs(f"{file}:Mine", 2, how="async")
    envs.reset(0)
    assert envs.step(np.zeros(2, np.int64)).terminated.all()
    envs.close()


def test_a_class_in_a_module(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert make_envs("my_envs:Mine", 2).reset(0)[0].shape == (2, 2)
    with pytest.raises(EnvironmentFault, match=r"no Mien; environments there: Mine, NeedsMore"):
        make_envs("my_envs:Mien", 2)


def test_a_module_that_registers_an_id(monkeypatch):
    module = types.ModuleType("registers_it")
    monkeypatch.setitem(sys.modules, "registers_it", module)
    monkeypatch.setitem(gym.registry, "Corridor-v7", gym.envs.registration.EnvSpec("Corridor-v7", Corridor))
    assert make_envs("registers_it:Corridor-v7", 1).spec_id == "Corridor-v7"


FOUND_NOT = {
    "CartPole-v3": ["nearest: CartPole-v0, CartPole-v1"],
    "cartpole-v1": ["nearest: ", "CartPole-v1"],
    "LunarLandr-v3": ["LunarLander-v3", "module:Class"],
    "no_such_module:Class": ["no_such_module", "neither installed nor in"],
    "no_such_file.py:Class": ["no file no_such_file.py"],
}


@pytest.mark.parametrize("name", FOUND_NOT)
def test_names_that_are_not_found(name):
    with pytest.raises(EnvironmentFault) as caught:
        make_envs(name, 1)
    assert not [word for word in FOUND_NOT[name] if word not in str(caught.value)], caught.value


def test_files_that_do_not_say_enough(file):
    for name, words in {
        f"{file}": "Mine",
        f"{file}:number": "is a int",
        f"{file}:NeedsMore": "missing 2 required positional arguments",
    }.items():
        with pytest.raises(EnvironmentFault, match=words):
            make_envs(name, 1)


def test_an_old_version_is_pointed_to_the_new_one():
    with pytest.raises(EnvironmentFault, match="Take Ant-v5"):
        make_envs("Ant-v3", 1)


def test_what_is_not_installed_is_named_with_its_command(file, monkeypatch):
    file.write_text("import not_there_at_all\n")
    with pytest.raises(EnvironmentFault, match="not_there_at_all"):
        make_envs(f"{file}:Mine", 1)

    def lunar():
        raise gym.error.DependencyNotInstalled("Box2D is not installed")

    with pytest.raises(EnvironmentFault, match=r"pip install swig \"gymnasium\[box2d\]\""):
        make_envs(lunar, 1)
    monkeypatch.setattr(targets.importlib.util, "find_spec", lambda name: None)
    for name, command in {
        "MiniGrid-Empty-5x5-v9": "minigrid",
        "ALE/Pong-v9": "ale-py",
        "PongNoFrameskip-v4": "ale-py",
    }.items():
        monkeypatch.delitem(gym.registry, name, raising=False)
        with pytest.raises(EnvironmentFault, match=command):
            make_envs(name, 1)


def test_what_cannot_be_asked_for():
    with pytest.raises(EnvironmentFault, match="none of the ways"):
        make_envs("CartPole-v1", 1, how="fast")
    with pytest.raises(EnvironmentFault, match="at least one"):
        make_envs("CartPole-v1", 0)
    with pytest.raises(EnvironmentFault, match="FrozenLake-v1 has no vector environment"):
        make_envs("FrozenLake-v1", 1, how="native")
    with pytest.raises(EnvironmentFault, match="exists already"):
        make_envs(gym.vector.SyncVectorEnv([Corridor]), options=EnvOptions(max_episode_steps=3))
    with pytest.raises(EnvironmentFault, match="give its class"):
        make_envs(Corridor(), 2)


def rollout(how, seed, name="CartPole-v1"):
    """The observations and rewards of a short rollout with ends in it."""
    envs = make_envs(name, 3, how=how)
    seen = [envs.reset(seed)[0]]
    for t in range(60):
        step = envs.step(np.full(3, t // 5 % 2, np.int64))
        seen += [step.observation, step.reward]
    envs.close()
    return seen


def test_the_same_seed_gives_the_same_rollout_in_process_and_in_processes():
    expected = rollout("sync", 4)
    for how, seed, same in (("sync", 4, True), ("async", 4, True), ("sync", 5, False)):
        pairs = zip(expected, rollout(how, seed), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) is same
    pairs = zip(rollout("native", 4), rollout("native", 4), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_each_environment_has_its_own_seed():
    first = make_envs("CartPole-v1", 3, how="sync").reset(4)[0]
    assert np.array_equal(first[1:], make_envs("CartPole-v1", 2, how="sync").reset(5)[0])
    assert len(np.unique(first[:, 0])) == 3
    ends = make_envs("CartPole-v1", 1)
    ends.reset(3)
    samples = [ends.action_space.sample() for _ in range(20)]
    ends.reset(3)
    assert [ends.action_space.sample() for _ in range(20)] == samples


def test_arrays_that_were_handed_out_do_not_change():
    class Reusing(gym.vector.SyncVectorEnv):
        """Writes everything into the same arrays and does not say so."""

        def step(self, actions):
            results = super().step(actions)
            if not hasattr(self, "kept"):
                self.kept = tuple(one.copy() for one in results[:4])
            for kept, new in zip(self.kept, results, strict=False):
                kept[...] = new
            return *self.kept, results[4]

    envs = make_envs(Reusing([Corridor] * 2))
    envs.reset(0)
    steps = [envs.step(np.ones(2, np.int64)) for _ in range(12)]
    expected = make_envs(gym.vector.SyncVectorEnv([Corridor] * 2))
    expected.reset(0)
    for step in steps:
        right = expected.step(np.ones(2, np.int64))
        for name in ("observation", "reward", "terminated", "truncated", "valid"):
            assert np.array_equal(getattr(step, name), getattr(right, name))
