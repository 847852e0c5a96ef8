"""Environments and readers that the environment tap's tests share."""

from __future__ import annotations

import json

import gymnasium
import numpy as np
from gymnasium import spaces

LENGTHS = (3, 5, 4)
"""Episode lengths of the environments that `makers` makes."""
ROWS = 400
"""Steps of a rollout that shows enough for streams to become plain."""


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


class Count(gymnasium.Env):
    """Observation [episode, t, 10 * env + 1]; reward t; terminates after `length` steps, or is truncated there."""

    observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = spaces.Discrete(3)

    def __init__(self, number=0, length=3, truncates=False):
        self.number, self.length, self.truncates = number, length, truncates
        self.episode = -1

    def _see(self):
        return np.array([self.episode, self.t, 10 * self.number + 1], np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode += 1
        self.t = 0
        return self._see(), {}

    def step(self, action):
        self.t += 1
        over = self.t >= self.length
        return self._see(), float(self.t), over and not self.truncates, over and self.truncates, {}


def makers():
    return [lambda i=i, n=n: Count(i, n, truncates=i == 1) for i, n in enumerate(LENGTHS)]


def check_episodes(recorder):
    """Whatever the way of resetting, the episodes are those of the environments."""
    found = episodes(recorder)
    assert found
    for one in found:
        length = LENGTHS[one["env"]]
        assert one["length"] == length
        assert one["ret"] == one["ret_seen"] == length * (length + 1) / 2
        assert one["truncated"] == (one["env"] == 1)
        assert one["terminated"] == (one["env"] != 1)


def check_successors(rollout):
    """Apart from fillers, a true successor is one step later in the same episode."""
    real = ~rollout.filler
    np.testing.assert_array_equal(rollout.next_obs[..., 1][real], rollout.obs[..., 1][real] + 1)
    np.testing.assert_array_equal(rollout.next_obs[..., 0][real], rollout.obs[..., 0][real])
    np.testing.assert_array_equal(rollout.next_obs[..., 2], rollout.obs[..., 2])
    assert rollout.final_known.all()


def check_starts(rollout):
    """An episode starts where t is 0, and only there."""
    np.testing.assert_array_equal(rollout.reset_before, rollout.obs[..., 1] == 0)


def kept_then_light(tap, run):
    """A rollout with observations, then one without; the light one's columns."""
    for keep in (True, False):
        tap.keep_rows = keep
        run()
        _, columns = tap.cut(1)
    return columns


def vector_run(envs, steps=ROWS):
    envs.reset(seed=1)
    for k in range(steps):
        envs.step(np.full(envs.num_envs, k % 2))
