"""The lines that compute returns are found by their shape, in scripts of different habits."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ppodoctor.measures.blame import credit_lines
from ppodoctor.measures.configured import GAMMA, LAMBDA, named_numbers
from ppodoctor.run import Run

ARRAYS = """
GAMMA, LAMBDA = 0.98, 0.95
def estimate(r, v, v_next, dead, over):
    adv = np.zeros_like(r)
    acc = 0.0
    for t in range(len(r) - 1, -1, -1):
        delta = r[t] + GAMMA * v_next[t] * (1 - dead[t]) - v[t]
        acc = delta + GAMMA * LAMBDA * (1 - over[t]) * acc
        adv[t] = acc
    ret = adv + v
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    return adv, ret
"""
LISTS = """
class Agent:
    def __init__(self, gamma=0.99):
        self.gamma = gamma
    def rewards_to_go(self, memory):
        returns, running = [], 0.0
        for reward, end in zip(reversed(memory.rewards), reversed(memory.ends)):
            if end:
                running = 0.0
            running = reward + self.gamma * running
            returns.insert(0, running)
        return returns
"""
BATCHED = """
def learn(s, r, s_next, done_mask):
    r = (r - r.mean()) / (r.std() + 1e-5)
    td_target = r + 0.9 * critic(s_next) * done_mask
    delta = td_target - critic(s)
    return delta, td_target
"""


def lines(text: str) -> dict[str, list[int]]:
    found = credit_lines(Run(folder=None, source={"a.py": text}))
    return {f.name: [site.line for site in getattr(found, f.name)] for f in fields(found)}


def test_a_recursion_over_arrays():
    found = lines(ARRAYS)
    assert found["bootstrap"] == [7]
    assert found["recursion"] == [8]
    assert set(found["masks"]) == {7, 8}
    assert found["targets"] == [10]
    assert found["normalisation"] == [11]


def test_a_recursion_over_lists():
    found = lines(LISTS)
    assert found["recursion"] == [10]
    assert found["masks"] == [8]
    assert found["bootstrap"] == []


def test_one_step_targets():
    found = lines(BATCHED)
    assert found["bootstrap"] == [4]
    assert found["masks"] == [4]
    assert found["rewards"] == [3]


@pytest.mark.parametrize("text", ["", "def broken(:", "x = 1\nprint(x)"])
def test_nothing_is_found_where_nothing_is(text):
    assert not any(lines(text).values())


def test_sites_carry_their_code_and_function():
    (site,) = credit_lines(Run(folder=None, source={"a.py": ARRAYS})).recursion
    assert (site.function, site.code) == ("estimate", "acc = delta + GAMMA * LAMBDA * (1 - over[t]) * acc")


def test_discounts_are_found_under_their_names():
    run = Run(folder=None, source={"a.py": ARRAYS, "b.py": LISTS})
    assert sorted(one.value for one in named_numbers(run, GAMMA)) == [0.98, 0.99]
    assert [one.value for one in named_numbers(run, LAMBDA)] == [0.95]
    argued = Run(
        folder=None, source={"a.py": ARRAYS}, header={"argv": ["a.py", "--gamma=0.9", "--agent.gae-lambda", "0.8"]}
    )
    assert [one.value for one in named_numbers(argued, GAMMA)] == [0.9]
    assert [one.value for one in named_numbers(argued, LAMBDA)] == [0.8]


def test_options_keywords_and_fields_count_as_names():
    text = (
        "p.add_argument('--gamma', type=float, default=0.97)\nPPO(env, gamma=0.96)\nclass C:\n    gamma: float = 0.95\n"
    )
    run = Run(folder=None, source={"a.py": text})
    assert {one.value for one in named_numbers(run, GAMMA)} == {0.97, 0.96, 0.95}
