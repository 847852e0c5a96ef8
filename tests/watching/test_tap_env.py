"""The environment tap on single environments: what is recorded is what the script saw, and nothing else changes."""

from __future__ import annotations

import copy
import gc
import inspect
import json
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers import NormalizeObservation, RecordEpisodeStatistics, TimeLimit

from ppodoctor.recorder import Recorder
from ppodoctor.watching.tap_env import EnvTap


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path, producer="test")


@pytest.fixture
def tap(recorder):
    tap = EnvTap(recorder, None)
    tap.attach_classes()
    yield tap
    tap.detach()


def episodes(recorder):
    recorder.flush()
    path = recorder.folder / "episodes.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def play(env, steps, *, action=None, seed=5):
    """What a careful script would have stored: rows of (obs, action, next obs, reward, terminated, truncated)."""
    rng = np.random.default_rng(0)
    obs = env.reset(seed=seed)[0]
    rows = []
    for _ in range(steps):
        chosen = int(rng.integers(2)) if action is None else action(rng)
        after, reward, terminated, truncated, _ = env.step(chosen)
        rows.append((np.array(obs), chosen, np.array(after), float(reward), terminated, truncated))
        obs = env.reset()[0] if terminated or truncated else after
    return rows, np.array(obs)


class Corridor:
    """Inherits from nothing: four values, a single array written over and over, no seed, ends after `length` steps."""

    def __init__(self, length=7):
        self.length = length
        self.state = np.zeros(2)

    def reset(self):
        self.state[:] = 0
        return self.state

    def step(self, action):
        self.state[0] += 1
        self.state[1] = action
        return self.state, float(self.state[0]), bool(self.state[0] >= self.length), {}


class Doubled(gymnasium.Wrapper):
    """Changes the reward and the action on the way, through super().step."""

    def step(self, action):
        obs, reward, terminated, truncated, info = super().step(1 - action)
        return obs, 2 * reward, terminated, truncated, info


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


class Everything(gymnasium.Env):
    """Dict and tuple observations of several types."""

    observation_space = spaces.Dict(
        {
            "a": spaces.Box(-1, 1, (2, 2)),
            "b": spaces.Discrete(4),
            "c": spaces.Tuple((spaces.Box(0, 255, (3,), np.uint8), spaces.MultiBinary(2))),
        }
    )
    action_space = spaces.Box(np.array([-2.0, 0.0]), np.array([2.0, np.inf]), dtype=np.float64)

    def _see(self):
        return {"a": np.full((2, 2), self.t, np.float32), "b": self.t % 4, "c": (np.full(3, 7, np.uint8), [1, 0])}

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self._see(), {}

    def step(self, action):
        self.t += 1
        return (
            self._see(),
            np.float32(np.nan if self.t == 3 else self.t),
            False,
            self.t == 5,
            {"is_success": self.t > 4},
        )


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
    tap.on_step = lambda: calls.append((tap.current_stream, tap.current_calls))

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
    tap.train_streams = {0}
    assert [one.role for one in tap.facts()] == ["train", "evaluate"]


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
