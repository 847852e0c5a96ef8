"""Robust statistics on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppodoctor.measures.trend import (
    blocks,
    change_point,
    compare,
    finite,
    median_interval,
    plateau,
    spread,
    theil_sen,
    trend,
    wilson,
)

numbers = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=4, max_size=60)


def test_theil_sen_is_the_slope_of_a_line_with_outliers():
    line = 3.0 * np.arange(50.0) - 7
    line[[5, 20, 33]] = 1e6
    assert theil_sen(line) == pytest.approx(3.0, rel=1e-6)


def test_theil_sen_keeps_its_unit_when_the_series_is_long():
    assert theil_sen(0.5 * np.arange(5000.0)) == pytest.approx(0.5, rel=1e-3)


def test_a_rising_line_is_a_sure_trend():
    found = trend(np.arange(20.0))
    assert found.tau == pytest.approx(1.0)
    assert found.p < 1e-6


def test_kendall_by_hand():
    # pairs of (1, 3, 2, 4): five rise, one falls
    assert trend([1, 3, 2, 4]).tau == pytest.approx(4 / 6)


def test_equal_values_are_no_trend():
    assert trend([5.0] * 30) == (0.0, 0.0, 1.0)


@given(numbers)
def test_a_trend_turns_with_its_series(values):
    up, down = trend(values), trend([-v for v in values])
    assert up.tau == pytest.approx(-down.tau)
    assert up.p == pytest.approx(down.p)


def test_noise_is_called_a_trend_as_rarely_as_the_level_says():
    rng = np.random.default_rng(0)
    called = sum(trend(rng.standard_normal(24)).p < 0.05 for _ in range(400))
    assert wilson(called, 400).low < 0.05 < wilson(called, 400).high + 0.02


def test_change_point_finds_the_step():
    series = [*np.zeros(30), *np.ones(20)] + 0.1 * np.random.default_rng(1).standard_normal(50)
    found = change_point(series)
    assert found is not None
    assert abs(found.at - 30) <= 1
    assert found.p < 1e-4


def test_no_change_point_in_a_constant():
    assert change_point([2.0] * 40) is None


def test_a_plateau_is_the_end_of_a_rise():
    rng = np.random.default_rng(2)
    assert plateau([*np.arange(40.0), *(40 + rng.standard_normal(60))])
    assert not plateau(np.arange(100.0))


def test_superiority_counts_pairs():
    assert compare([3, 4], [1, 2]).superiority == 1.0
    assert compare([1, 3], [2, 4]).superiority == pytest.approx(0.25)
    assert compare([1, 1], [1, 1]) == (0.5, 1.0)


@given(numbers, numbers)
def test_superiority_has_no_scale(a, b):
    # whole numbers, so that scaling does not merge values that differ
    first, second = np.round(a), np.round(b)
    plain, moved = compare(first, second), compare(first * 8 + 16, second * 8 + 16)
    assert plain == moved


def test_wilson_matches_the_published_example():
    # Brown, Cai and DasGupta 2001: 0 of 20 gives [0, 0.161]
    found = wilson(0, 20)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.161, abs=1e-3)
    assert wilson(0, 0)[1:] == (0.0, 1.0)


@given(numbers)
def test_a_median_lies_in_its_interval(values):
    found = median_interval(values)
    assert found.low <= found.estimate <= found.high


@given(numbers, st.integers(2, 12))
def test_blocks_keep_the_range_and_the_count(values, count):
    found = blocks(values, count)
    assert len(found) == min(count, len(values))
    slack = 1e-9 * max(map(abs, values), default=0)
    assert min(values) - slack <= found.min() <= found.max() <= max(values) + slack


def test_spread_ignores_outliers():
    assert spread([*np.random.default_rng(3).standard_normal(500), 1e9]) == pytest.approx(1.0, rel=0.15)


def test_what_is_not_finite_is_left_out():
    assert list(finite([1, np.nan, 2, np.inf])) == [1, 2]
