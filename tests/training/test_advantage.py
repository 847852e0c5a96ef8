"""Advantages against numbers worked by hand, and against the definition written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ppodoctor.training.advantage import endings, gae, n_step, smooth


def column(*numbers):
    return np.array(numbers, np.float64)[:, None]


def flags(*numbers):
    return np.array(numbers, bool)[:, None]


def test_gae_by_hand_with_no_end():
    # gamma 0.5, lambda 0.5: delta = 1 + 0.5 * 2 - 2 = 0 but for the last, where the successor is worth 4: 1 + 2 - 2 = 1
    ends = endings(flags(0, 0, 0), flags(0, 0, 0), 0.5, 0.5)
    found = gae(column(1, 1, 1), column(2, 2, 2), column(2, 2, 4), *ends)
    assert found[:, 0].tolist() == [0.0625, 0.25, 1.0]


def test_a_true_end_has_no_future_and_a_cut_one_has():
    reward, value = column(1, 1, 1), column(2, 3, 4)
    following = column(3, 10, 8)  # row 1 ends; its final observation is worth 10, and the next episode begins at row 2
    dead = gae(reward, value, following, *endings(flags(0, 1, 0), flags(0, 0, 0), 0.5, 0.5))
    cut = gae(reward, value, following, *endings(flags(0, 0, 0), flags(0, 1, 0), 0.5, 0.5))
    last = 1 + 0.5 * 8 - 4
    # dead: delta 1 = 1 - 3 = -2; delta 0 = 1 + 1.5 - 2 = 0.5
    assert dead[:, 0].tolist() == [0.5 + 0.25 * -2, -2, last]
    # cut: delta 1 = 1 + 5 - 3 = 3, and nothing of row 2 reaches row 1
    assert cut[:, 0].tolist() == [0.5 + 0.25 * 3, 3, last]


def test_a_row_inserted_by_a_reset_reaches_nobody():
    """Next-step auto-reset: row 1 ends, row 2 is the reset (reward 0, not trained on), row 3 is the next episode."""
    reward, value, following = column(1, 1, 0, 1), column(2, 2, 50, 2), column(2, 50, 2, 2)
    for terminated in (True, False):
        ends = endings(flags(0, terminated, 0, 0), flags(0, not terminated, 0, 0), 0.5, 1.0)
        found = gae(reward, value, following, *ends)[:, 0]
        expected = 1 - 2 if terminated else 1 + 0.5 * 50 - 2
        assert found[1] == expected
        assert found[0] == 0 + 0.5 * expected
        other = reward.copy()
        other[2] = 1e6
        changed = gae(other, value, following, *ends)[:, 0]
        assert changed[[0, 1, 3]].tolist() == found[[0, 1, 3]].tolist()


def test_environments_do_not_mix():
    rng = np.random.default_rng(0)
    reward, value, following = rng.normal(size=(3, 7, 4))
    terminated, truncated = rng.random((2, 7, 4)) < 0.2
    whole = gae(reward, value, following, *endings(terminated, truncated, 0.9, 0.8))
    for n in range(4):
        part = (slice(None), slice(n, n + 1))
        alone = gae(reward[part], value[part], following[part], *endings(terminated[part], truncated[part], 0.9, 0.8))
        assert np.array_equal(whole[part], alone)


games = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(max_examples=50, deadline=None)
@given(games, st.integers(1, 12), st.integers(1, 15))
def test_n_step_is_its_definition(rng, rows, steps):
    reward, value, following = rng.normal(size=(3, rows, 2))
    terminated, truncated = rng.random((2, rows, 2)) < 0.25
    truncated &= ~terminated
    following[:-1] = np.where((terminated | truncated)[:-1], following[:-1], value[1:])
    found = n_step(reward, value, following, endings(terminated, truncated, 0.9, 1.0), steps)
    for n in range(2):
        for t in range(rows):
            total, k = 0.0, 0
            while True:
                total += 0.9**k * reward[t + k, n]
                if terminated[t + k, n]:
                    break
                if truncated[t + k, n] or k + 1 == steps or t + k == rows - 1:
                    total += 0.9 ** (k + 1) * following[t + k, n]
                    break
                k += 1
            assert found[t, n] == pytest.approx(total - value[t, n])


def test_one_step_and_all_steps_are_gae_at_its_ends():
    rng = np.random.default_rng(1)
    reward, value, following = rng.normal(size=(3, 9, 3))
    none = np.zeros((9, 3), bool)
    ends = endings(none, none, 0.9, 1.0)
    assert np.allclose(
        n_step(reward, value, following, ends, 1), gae(reward, value, following, *endings(none, none, 0.9, 0))
    )
    assert np.allclose(n_step(reward, value, following, ends, 9), gae(reward, value, following, *ends))


def test_smoothing_stays_inside_an_episode():
    advantage, ended = column(1, 2, 9, 100, 200, 300), flags(0, 0, 1, 0, 0, 0)
    found = smooth(advantage, ended, 3)[:, 0]
    assert found.tolist() == [1.5, 4.0, 5.5, 150.0, 200.0, 250.0]
    assert smooth(advantage, ended, 1)[:, 0].tolist() == advantage[:, 0].tolist()


@settings(max_examples=50, deadline=None)
@given(games, st.integers(1, 10), st.sampled_from([3, 5, 7, 21]))
def test_smoothing_is_its_definition(rng, rows, window):
    advantage, ended = rng.normal(size=(rows, 2)), rng.random((rows, 2)) < 0.3
    found = smooth(advantage, ended, window)
    for n in range(2):
        episode = np.concatenate([[0], np.cumsum(ended[:-1, n])])
        for t in range(rows):
            near = [s for s in range(rows) if abs(s - t) <= window // 2 and episode[s] == episode[t]]
            assert found[t, n] == pytest.approx(advantage[near, n].mean())


def test_torch_tensors_give_the_same():
    rng = np.random.default_rng(2)
    reward, value, following = rng.normal(size=(3, 6, 2))
    terminated, truncated = rng.random((2, 6, 2)) < 0.3
    arrays, tensors = (reward, value, following), [torch.from_numpy(a) for a in (reward, value, following)]
    ends = endings(terminated, truncated, 0.9, 0.8)
    tensor_ends = endings(torch.from_numpy(terminated), torch.from_numpy(truncated), 0.9, 0.8)
    for ours, theirs in (
        (gae(*arrays, *ends), gae(*tensors, *tensor_ends)),
        (n_step(*arrays, ends, 3), n_step(*tensors, tensor_ends, 3)),
        (smooth(reward, terminated, 3), smooth(tensors[0], torch.from_numpy(terminated), 3)),
    ):
        assert isinstance(theirs, torch.Tensor)
        assert np.allclose(ours, theirs.numpy(), atol=1e-6)
