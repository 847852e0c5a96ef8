"""The environment tap on environments of several agents, which take and return dictionaries by agent."""

from __future__ import annotations

import numpy as np
import pytest


class Team:
    """Two agents; an episode ends for both after `length` steps."""

    possible_agents = ("left", "right")

    def __init__(self, length=3):
        self.length = length

    def reset(self, seed=None, options=None):
        self.t = 0
        return self.seen(), {name: {} for name in self.possible_agents}

    def seen(self):
        return {name: np.array([self.t, sign], np.float32) for name, sign in (("left", -1), ("right", 1))}

    def step(self, actions):
        self.t += 1
        over = self.t >= self.length
        rewards = {"left": float(actions["left"]), "right": -1.0}
        ends = dict.fromkeys(self.possible_agents, over)
        return self.seen(), rewards, ends, dict.fromkeys(ends, False), {name: {} for name in ends}


class Quitting(Team):
    """One agent leaves before the other."""

    def step(self, actions):
        out = super().step(actions)
        if self.t == 2:
            for part in out:
                del part["right"]
        return out


def played(env, steps):
    seen, _ = env.reset()
    for k in range(steps):
        seen, _, ends, *_ = env.step({"left": k % 2, "right": 1})
        if all(ends.values()):
            env.reset()
    return seen


def test_each_agent_is_a_column(tap):
    tap.keep_rows = True
    env = Team()
    played(env, 7)
    (rollout,), _ = tap.cut(1)
    (facts,) = [one for one in tap.facts() if one.steps]
    assert (facts.num_envs, facts.steps, facts.stepped_after_end) == (2, 14, 0)
    assert facts.facts["agents"] == ["left", "right"]
    assert facts.alone
    assert rollout.obs.tolist()[:2] == [[[0, -1], [0, 1]], [[1, -1], [1, 1]]]
    assert rollout.obs[3].tolist() == [[0, -1], [0, 1]]
    assert rollout.next_obs[2].tolist() == [[3, -1], [3, 1]]
    assert rollout.reward.tolist()[:3] == [[0, -1], [1, -1], [0, -1]]
    assert rollout.action.reshape(7, 2).tolist()[:2] == [[0, 1], [1, 1]]
    assert rollout.terminated[:, 0].tolist() == [False, False, True, False, False, True, False]
    assert rollout.reset_before[:, 1].tolist() == [True, False, False, True, False, False, True]


def test_rows_are_the_same_when_only_numbers_are_kept(tap, recorder):
    env = Team()
    played(env, 600)
    tap.cut(1)
    for k in range(600):
        env.step({"left": 1, "right": 1})
        if k % 3 == 2:
            env.reset()
    _, columns = tap.cut(2)
    assert columns["reward_mean"] == pytest.approx(0.0)
    assert recorder.notes == []


def test_an_agent_that_leaves_is_said(tap, recorder):
    played(Quitting(), 2)
    (note,) = recorder.notes
    assert "agent 'right' is missing" in str(note)
    assert "until the episode ends for all" in str(note)
