"""Shares of variance of functions for which they are known."""

from __future__ import annotations

import numpy as np
import pytest

from ppodoctor.tuning.fanova import shares_of
from ppodoctor.tuning.influence import influences, interactions
from ppodoctor.tuning.space import own_space


def drawn(count, axes=3):
    return np.random.default_rng(1).random((count, axes))


def test_a_sum_is_explained_axis_by_axis():
    x = drawn(600)
    found = shares_of(x, 2 * x[:, 0] + x[:, 1])  # variances 4/12 and 1/12
    assert found.single == pytest.approx((0.8, 0.2, 0.0), abs=0.05)
    assert max(found.pairs.values()) < 0.05


def test_a_product_around_its_middle_is_all_interaction():
    x = drawn(600)
    found = shares_of(x, np.sign(x[:, 0] - 0.5) * np.sign(x[:, 1] - 0.5))
    assert found.pairs[0, 1] > 0.7
    assert max(found.single) < 0.1


def test_equal_scores_explain_nothing():
    found = shares_of(drawn(20), np.ones(20))
    assert found.single == (0.0, 0.0, 0.0)


def test_chance_is_no_interaction():
    space = own_space(["learning_rate=1e-5..1e-2", "clip_range=0.1..0.5"])
    x = drawn(32, 2)
    tried = [{axis.name: axis.value(at) for axis, at in zip(space, row, strict=True)} for row in x]
    noise = [interactions(space, tried, np.random.default_rng(seed).random(32))[0].share for seed in range(10)]
    assert sorted(noise)[5] < 0.1


def test_influences_hold_both_importances_and_interactions_name_their_pair():
    space = own_space(["learning_rate=1e-5..1e-2", "clip_range=0.1..0.5", "gamma=0.9..0.99"])
    x = drawn(200)
    tried = [{axis.name: axis.value(at) for axis, at in zip(space, row, strict=True)} for row in x]
    scores = np.sign(x[:, 0] - 0.5) * np.sign(x[:, 1] - 0.5) + 0.8 * x[:, 2]
    found = {one.name: one for one in influences(space, tried, scores)}
    assert found["gamma"].fanova == max(one.fanova for one in found.values())
    pairs = interactions(space, tried, scores)
    assert {pairs[0].first, pairs[0].second} == {"learning_rate", "clip_range"}
    assert pairs[0].share > 5 * pairs[1].share
