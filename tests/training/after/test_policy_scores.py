"""Interquartile means and intervals, held against numbers worked by hand and against known coverage."""

from __future__ import annotations

import numpy as np
import pytest

from ppodoctor.training.scores import interval, iqm, mean


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([7.0], 7.0),
        ([1.0, 2.0, 9.0], 4.0),  # a quarter of three is less than one: nothing is left away
        ([1.0, 2.0, 4.0, 100.0], 3.0),
        ([100.0, 1.0, 3.0, 2.0, -50.0], 2.0),
        ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 80.0]], 4.5),
    ],
)
def test_the_middle_half(scores, expected):
    assert iqm(scores) == expected


def test_it_is_the_trimmed_mean_of_the_paper():
    """scipy.stats.trim_mean(x, 0.25), which Agarwal et al. use, cuts int(0.25 n) at each end."""
    rng = np.random.default_rng(0)
    for count in range(1, 30):
        x = rng.standard_normal(count)
        cut = int(0.25 * count)
        assert iqm(x) == pytest.approx(np.sort(x)[cut : count - cut].mean())


def test_an_interval_covers_the_truth_nine_times_in_ten_or_more():
    rng = np.random.default_rng(1)
    covered = [(e := interval(rng.normal(3, 2, 50), mean, resamples=400)).low <= 3 <= e.high for _ in range(200)]
    assert 0.9 <= np.mean(covered) <= 0.99


def test_equal_scores_leave_no_doubt():
    found = interval([5.0] * 6, iqm, resamples=50)
    assert (found.value, found.low, found.high) == (5.0, 5.0, 5.0)


def test_tasks_are_strata():
    """Two tasks far apart: runs are drawn within each, so that the distance between tasks is no doubt."""
    rng = np.random.default_rng(2)
    table = np.stack([rng.normal(0, 1, 8), rng.normal(1000, 1, 8)], axis=1)
    found = interval(table, mean, resamples=500)
    assert found.high - found.low < 3
    pooled = interval(table.ravel(), mean, resamples=500)
    assert pooled.high - pooled.low > 300
