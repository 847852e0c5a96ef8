"""Updates that are only marked and folded together later, and steps of which nobody hears: the rows are the same."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from env_zoo import Corridor, Doubled, episodes
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from ppodoctor.recorder import Recorder
from ppodoctor.watching import env_cut
from ppodoctor.watching.tap_env import EnvTap

ROWS = 37
UPDATES = 9


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(env_cut, "WAIT", 1e9)


def vector(mode, name="CartPole-v1"):
    return SyncVectorEnv([lambda: gymnasium.make(name, max_episode_steps=30)] * 3, autoreset_mode=mode)


def step_all(envs, rng, steps):
    for _ in range(steps):
        sample = rng.integers(2, size=3) if hasattr(envs.single_action_space, "n") else rng.normal(size=(3, 1)) * 3
        envs.step(sample)


def step_each(several, rng, steps):
    """Environments one after the other, each reset by the script at its end and now and then before it."""
    for _ in range(steps):
        for env in several:
            *_, terminated, truncated, _ = env.step(int(rng.integers(2)))
            if terminated or truncated or rng.random() < 0.03:
                env.reset(seed=int(rng.integers(1000)))


def step_corridor(several, rng, steps):
    for _ in range(steps):
        for env in several:
            if env.step(int(rng.integers(2)))[2]:
                env.reset()


def step_pendulum(several, rng, steps):
    for k in range(steps):
        for env in several:
            action = rng.normal(size=1).astype(np.float32 if k % 5 else np.float64)
            *_, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()


def step_lists(several, rng, steps):
    for _ in range(steps):
        for env in several:
            *_, terminated, truncated, _ = env.step([float(rng.normal())])
            if terminated or truncated:
                env.reset()


STYLES = {
    "next step": (lambda: vector(AutoresetMode.NEXT_STEP), step_all),
    "same step": (lambda: vector(AutoresetMode.SAME_STEP), step_all),
    "continuous": (lambda: vector(AutoresetMode.NEXT_STEP, "Pendulum-v1"), step_all),
    "several": (lambda: [gymnasium.make("CartPole-v1", max_episode_steps=30) for _ in range(3)], step_each),
    "one": (lambda: [gymnasium.make("CartPole-v1", max_episode_steps=30)], step_each),
    "one with arrays": (lambda: [gymnasium.make("Pendulum-v1", max_episode_steps=30)], step_pendulum),
    "one with lists": (lambda: [gymnasium.make("Pendulum-v1", max_episode_steps=30)], step_lists),
    "says only done": (lambda: [Corridor(11), Corridor(7)], step_corridor),
    "changes rewards": (lambda: [Doubled(gymnasium.make("CartPole-v1", max_episode_steps=30))], step_each),
}


def reset_all(envs):
    for number, env in enumerate(envs if isinstance(envs, list) else [envs]):
        env.reset(**({} if isinstance(env, Corridor) else {"seed": number}))


def run(recorder, style, marked, *, each=lambda tap: None):
    """Columns of every update, and the episodes: after a long rollout with observations, which makes streams plain.

    Where updates are marked nobody hears of most steps either.
    """
    make, step = STYLES[style]
    tap = EnvTap(recorder, None)
    if marked:
        tap.on_step = lambda: setattr(tap, "idle", 7)
    tap.attach_classes()
    tap.attach_gymnasium(gymnasium)
    envs, rng = make(), np.random.default_rng(1)
    reset_all(envs)
    tap.keep_rows = True
    step(envs, rng, 400)
    tap.cut(1)
    tap.keep_rows = False
    columns, marks = [], 0
    for update in range(2, UPDATES):
        if update % 3 == 0:
            reset_all(envs)
        step(envs, rng, ROWS + update)
        each(tap)
        if marked and tap.cuts.mark(update):
            marks += 1
            continue
        _, last = tap.cut(update)
        columns += [*tap.cuts.earlier(), last]
    step(envs, rng, 5)
    _, last = tap.cut(UPDATES, last=True)
    columns += [*tap.cuts.earlier(), last]
    tap.finish()
    tap.detach()
    return columns, episodes(recorder), marks


def alike(one, other):
    assert one.keys() == other.keys()
    assert one == pytest.approx(other)


@pytest.mark.parametrize("style", STYLES)
def test_columns_and_episodes_do_not_depend_on_when_rows_are_folded(tmp_path, style):
    at_once = run(Recorder(tmp_path / "a", producer="test"), style, marked=False)
    later = run(Recorder(tmp_path / "b", producer="test"), style, marked=True)
    assert (at_once[2], later[2]) == (0, 0 if style == "changes rewards" else UPDATES - 2)
    assert len(later[0]) == UPDATES - 1
    for one, other in zip(at_once[0], later[0], strict=True):
        alike(one, other)
    key = lambda one: (one["update"], one["stream"], one["step"], one["env"])  # noqa: E731
    for one, other in zip(sorted(at_once[1], key=key), sorted(later[1], key=key), strict=True):
        alike(one, other)
    updates = [one["update"] for one in later[1]]
    assert updates == sorted(updates)
    assert len(set(updates)) > 3


def test_the_row_of_an_update_holds_its_own_steps_alone(tmp_path):
    columns, _, _ = run(Recorder(tmp_path, producer="test"), "same step", marked=True)
    assert [one["rollout_steps"] for one in columns] == [3 * (ROWS + update) for update in range(2, UPDATES)] + [15]


def test_a_stream_that_holds_too_many_rows_settles_what_was_marked(tmp_path):
    """The rows after the last mark belong to the update to come."""

    def small(tap):
        tap.streams.watched[0].stream.limit = 2 * ROWS

    at_once = run(Recorder(tmp_path / "a", producer="test"), "same step", marked=False)
    later = run(Recorder(tmp_path / "b", producer="test"), "same step", marked=True, each=small)
    for one, other in [*zip(at_once[0], later[0], strict=True), *zip(at_once[1], later[1], strict=True)]:
        alike(one, other)


def test_no_more_than_so_many_updates_wait_and_none_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(env_cut, "MARKS", 2)
    assert run(Recorder(tmp_path / "a", producer="test"), "one", marked=True)[2] == UPDATES - 2 - (UPDATES - 2) // 3
    monkeypatch.setattr(env_cut, "WAIT", -1.0)  # one that waits has always waited for too long
    assert run(Recorder(tmp_path / "b", producer="test"), "one", marked=True)[2] == (UPDATES - 2) // 2 + 1


def test_actions_at_their_bounds_are_counted_in_a_vector_environment(tmp_path):
    columns, _, _ = run(Recorder(tmp_path, producer="test"), "continuous", marked=True)
    assert all(0.3 < one["action_bound_share"] < 0.7 for one in columns[:-1])  # normal, three times as wide as 1, at 2


def test_reset_by_the_script_at_the_begin_of_an_update_ends_the_episode_there(tmp_path):
    columns, found, _ = run(Recorder(tmp_path, producer="test"), "same step", marked=True)
    assert {one["update"] for one in found if not (one["terminated"] or one["truncated"])} <= {2, 5}
    assert sum(one["length"] for one in found) <= 3 * (400 + sum(ROWS + update for update in range(2, UPDATES)) + 5)
    assert columns


class Anything(gymnasium.Env):
    """Takes whatever action there is, and returns it with rewards of several types."""

    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Discrete(2)
    rewards = (1.0,)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        reward = self.rewards[self.t % len(self.rewards)]
        return np.zeros(1, np.float32), reward, self.t % 11 == 0, np.bool_(False), {"action": action}


ODD = (0, 1, np.int64(1), 0.5, [1], (0, 1), {"a": 1}, None, "left", np.array([1, 0]), np.array("x"), np.array([None]))


@pytest.mark.parametrize("first", range(len(ODD)))
def test_no_action_and_no_reward_keeps_a_step_from_being_taken(tmp_path, first):
    tap = EnvTap(Recorder(tmp_path, producer="test"), None)
    tap.on_step = lambda: setattr(tap, "idle", 7)
    tap.attach_classes()
    tap.attach_gymnasium(gymnasium)
    try:
        env = Anything()
        env.reset()
        tap.keep_rows = True
        for _ in range(300):
            env.step(0)
        tap.cut(1)
        tap.keep_rows = False
        env.rewards = (1.0, np.float32(0.5), 2, np.array(0.25), np.array([1.5]), True)
        actions = [ODD[first]] * 20 + [*ODD] * 8
        taken = [env.step(action) for action in actions]
        assert all(out[-1]["action"] is action for out, action in zip(taken, actions, strict=True))
        assert tap.streams.watched[0].stream.tape is not None
        _, columns = tap.cut(2)
    finally:
        tap.detach()
    assert columns["rollout_steps"] == len(actions)
    assert columns["reward_mean"] == pytest.approx(np.mean([float(np.sum(out[1])) for out in taken]))
    assert not tap.recorder.notes
