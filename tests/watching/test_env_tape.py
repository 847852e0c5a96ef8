"""Rows kept as raw numbers: what goes on the tape comes off it, and what has no common type is said to have none."""

from __future__ import annotations

import numpy as np
import pytest

from ppodoctor.watching.env_tape import Tape


def filled(tape, actions, rewards, ended=None, cut=None):
    nothing = np.zeros(tape.envs, bool) if tape.vector else False
    for k, (action, reward) in enumerate(zip(actions, rewards, strict=True)):
        tape.append(action, reward, nothing if ended is None else ended[k], nothing if cut is None else cut[k])
    return tape


def test_rows_of_one_environment():
    rewards = [1.0, np.float32(0.5), 2, np.array([3.0]), True]
    tape = filled(Tape(1, False, 1.0), [0, 1, 1, 0, 1], rewards, [False, True, False, np.True_, False], [False] * 5)
    assert len(tape) == 5
    np.testing.assert_array_equal(tape.reward(), [[1.0], [0.5], [2.0], [3.0], [1.0]])
    np.testing.assert_array_equal(tape.flags()[0][:, 0], [False, True, False, True, False])
    assert not tape.flags()[1].any()
    assert tape.action().dtype == np.int64
    assert tape.action().tolist() == [0, 1, 1, 0, 1]


def test_rows_of_a_vector():
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(6, 3)).astype(np.float32)
    actions = rng.normal(size=(6, 3, 2))
    ended, cut = rng.random((2, 6, 3)) < 0.3
    tape = filled(Tape(3, True, rewards[0]), actions, rewards, ended, cut)
    assert len(tape) == 6
    assert tape.dtype == np.float32
    np.testing.assert_array_equal(tape.reward(), rewards)
    np.testing.assert_array_equal(tape.flags()[0], ended)
    np.testing.assert_array_equal(tape.flags()[1], cut)
    np.testing.assert_array_equal(tape.action(), actions)


def test_whole_rewards_may_become_fractions_and_lists_are_taken():
    tape = filled(
        Tape(2, True, np.array([1, 2])), [np.array([0, 1])] * 3, [np.array([1, 2]), np.array([0.5, 1]), [3, 4]]
    )
    np.testing.assert_array_equal(tape.reward(), [[1, 2], [0.5, 1], [3, 4]])


def test_rows_that_lie_apart_in_memory_are_copied_in_order():
    wide = np.arange(12.0).reshape(3, 4)
    tape = filled(Tape(3, True, wide[:, 0]), [wide[:, k] for k in range(4)], [wide[:, k] for k in range(4)])
    np.testing.assert_array_equal(tape.reward(), wide.T)
    np.testing.assert_array_equal(tape.action(), wide.T)


@pytest.mark.parametrize(
    "actions",
    [
        [1, "left", 2],
        ["left", "left", "right"],
        [1, None, 2],
        [1, np.array([1, 2]), 2],
        [np.array([1, 2]), np.array([1, 2, 3]), np.array([1, 2])],
        [np.array([1, 2]), np.array([0.5, 1.0]), np.array([1, 2])],
        [{"a": 1}, {"a": 2}, {"a": 3}],
    ],
)
def test_actions_without_a_common_type_are_none_and_rewards_go_on(actions):
    tape = filled(Tape(1, False, 1.0), actions, [1.0, 2.0, 3.0])
    assert tape.action() is None
    assert tape.reward()[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_whole_and_fractional_numbers_are_fractions():
    assert filled(Tape(1, False, 1.0), [1, 0.5, 2], [1.0] * 3).action().tolist() == [1.0, 0.5, 2.0]
