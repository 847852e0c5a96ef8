"""The environment tap: classes stay what they were, streams stay apart, failures stay ours."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle

import gymnasium
import numpy as np
import pytest
from env_zoo import (
    Corridor,
    episodes,
)

from ppodoctor.watching.tap_env import EnvTap


def test_a_class_that_is_no_environment_is_left_alone(tap, recorder):
    class Schedule:
        def __init__(self):
            self.t = 0

        def reset(self):
            self.t = 0

        def step(self, metric):
            self.t += metric
            return self.t

    class Agent:
        def __init__(self, env):
            self.env = env

        def reset(self):
            return None

        def step(self, actions):
            return [self.env.step(action)[1] for action in actions]

    schedule = Schedule()
    schedule.reset()
    assert [schedule.step(2), schedule.step(3)] == [2, 5]
    env = Corridor()
    env.reset()
    agent = Agent(env)
    for _ in range(3):
        agent.step([0, 0])
    tap.cut(1)
    (facts,) = [one for one in tap.facts() if one.steps]
    assert facts.cls.endswith("Corridor")
    assert facts.steps == 4  # the first call was needed to learn that the agent is none
    assert recorder.notes == []


def test_optimizers_and_schedulers_are_not_touched(tap):
    torch = pytest.importorskip("torch")

    class Mine(torch.optim.SGD):
        def reset(self):
            return None

        def step(self, closure=None):
            return super().step(closure)

    assert Mine.__dict__["step"].__code__.co_filename == __file__
    assert Mine.__dict__["reset"].__code__.co_filename == __file__


def test_classes_look_the_same(tap):
    assert str(inspect.signature(Corridor.step)) == "(self, action)"
    assert inspect.getsource(Corridor.step).lstrip().startswith("def step(self, action):\n        self.state[0] += 1")
    assert Corridor.step.__qualname__ == "Corridor.step"
    assert Corridor.step.__globals__ is Corridor.reset.__globals__
    env = Corridor()
    env.reset()
    env.step(1)
    assert set(vars(env)) == {"length", "state"}
    again = pickle.loads(pickle.dumps(env))
    assert (again.state == env.state).all()
    assert (copy.deepcopy(env).state == env.state).all()
    assert pickle.loads(pickle.dumps(Corridor.step)) is Corridor.step
    with pytest.raises(TypeError, match="positional argument: 'action'"):
        env.step()


def test_detach_gives_the_methods_back(recorder):
    before = (Corridor.__dict__["step"], gymnasium.Wrapper.__dict__["step"], __build_class__)
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    assert Corridor.__dict__["step"] is not before[0]
    env = Corridor()
    env.reset()
    bound = env.step
    tap.detach()
    assert (Corridor.__dict__["step"], gymnasium.Wrapper.__dict__["step"], __build_class__) == before
    bound(1)
    env.step(1)
    assert tap.cut(1) == ([], {})


def test_an_exception_of_the_script_passes_through(tap):
    class Broken(Corridor):
        def step(self, action):
            if action > 1:
                raise KeyError("no such action")
            return super().step(action)

    env = Broken()
    env.reset()
    env.step(0)
    with pytest.raises(KeyError, match="no such action"):
        env.step(2)
    env.step(1)
    tap.cut(1)
    assert tap.facts()[0].steps == 2


def test_a_failure_of_ours_is_noted_and_the_script_goes_on(tap, recorder, monkeypatch):
    env = Corridor()
    env.reset()
    env.step(0)
    monkeypatch.setattr("ppodoctor.watching.env_stream.Stream._raw", lambda *_: 1 / 0)
    for _ in range(3):
        assert env.step(0)[0] is env.state
    assert tap.total_steps == 4
    assert [note.tap for note in recorder.notes] == ["environments"]
    assert "Corridor" in recorder.notes[0].text


def test_streams_of_train_and_evaluation_stay_apart(tap):
    calls = []
    tap.on_step = lambda: calls.append(tap.current)

    def evaluate():
        env = Corridor(3)
        env.reset()
        while not env.step(0)[2]:
            pass

    env = Corridor(50)
    env.reset()
    for _ in range(2):
        for _ in range(10):
            env.step(0)
        evaluate()
        gc.collect()
    train, evaluation = tap.facts()
    tap.cut(1)
    assert (train.steps, evaluation.steps) == (20, 6)
    assert evaluation.facts["objects"] == 2
    assert tap.total_steps == 20
    assert calls[9] == (0, 10)
    assert calls[12] == (1, 3)
    assert [one.role for one in tap.facts()] == ["train", "train"]  # nobody knows better yet


def test_several_environments_stepped_by_one_line_count_together(tap):
    envs = [Corridor(9) for _ in range(4)]
    for env in envs:
        env.reset()
    for _ in range(5):
        for env in envs:
            env.step(0)
    _, columns = tap.cut(1)
    assert len(tap.facts()) == 4
    assert tap.total_steps == 20
    assert columns["rollout_steps"] == 20


def test_rows_do_not_grow_without_end(tap, recorder, monkeypatch):
    monkeypatch.setattr("ppodoctor.watching.env_stream.ROWS", 100)
    env = Corridor(7)
    tap.keep_rows = True
    obs = env.reset()
    seen = []
    for _ in range(7 * 60):
        seen.append(np.array(obs))
        obs, _, done, _ = env.step(0)
        if done:
            obs = env.reset()
    (rollout,), columns = tap.cut(1)
    assert columns["rollout_steps"] == 420
    assert columns["episodes"] == 60 == len(episodes(recorder))
    assert rollout.first_call > 200
    np.testing.assert_array_equal(rollout.obs[:, 0], seen[rollout.first_call :])
    assert {one["ret"] for one in episodes(recorder)} == {28.0}


def test_an_episode_that_the_script_cuts(tap, recorder):
    env = Corridor(1000)
    for _ in range(3):
        env.reset()
        for _ in range(12):
            env.step(0)
    env.reset()
    _, columns = tap.cut(1)
    assert columns["episodes"] == 3
    assert columns["episode_length"] == 12
    assert [(one["length"], one["terminated"], one["truncated"]) for one in episodes(recorder)] == [
        (12, False, False)
    ] * 3
    assert tap.facts()[0].facts["cut_by_script"] == 3


def test_an_environment_that_make_wraps_in_checks_only_is_reset_where_it_is_stepped(tap):
    class Short(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-9.0, 9.0, (1,))
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.t = 0
            return np.zeros(1, np.float32), {}

        def step(self, action):
            self.t += 1
            return np.full(1, self.t, np.float32), 1.0, self.t == 3, False, {}

    class Passing(gymnasium.Wrapper):
        """Brings the reset of the class of wrappers under watch."""

    gymnasium.register("Short-v0", entry_point=Short)
    env = gymnasium.make("Short-v0")
    Passing(gymnasium.make("Short-v0"))
    tap.keep_rows = True
    env.reset(seed=4)
    for _ in range(9):
        if env.step(0)[2]:
            env.reset()
    (rollout,), _ = tap.cut(1)
    (facts,) = [one for one in tap.facts() if one.steps]
    assert (facts.steps, facts.resets, facts.stepped_after_end, facts.seeds) == (9, 4, 0, (4,))
    assert rollout.reset_before[:, 0].tolist() == [True, False, False] * 3
