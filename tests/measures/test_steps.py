"""Does what follows depend on the action? The tests behind that, where ends are rare and lie at extreme states."""

from __future__ import annotations

import numpy as np
import pytest

from ppodoctor.measures.steps import basis, effect_p, effect_p_uneven, features, residual


def p_values(seed: int, *, matters: bool) -> tuple[float, float]:
    """Of the plain test and of the one for rare outcomes: episodes end at the edge, by chance or by the action."""
    rng = np.random.default_rng(seed)
    obs = rng.standard_t(4, size=(2000, 2))
    action = (rng.random(2000) < 0.5).astype(float)
    edge = np.abs(obs).max(1) > 4.0
    ended = edge & (action > 0 if matters else rng.random(2000) < 0.5)
    given = basis(features(obs))
    left = residual(ended[:, None].astype(float), given)
    products = [action, action * obs[:, 0], action * obs[:, 1], action * obs[:, 0] * obs[:, 1]]
    causes = residual(np.stack(products, axis=1), given)
    return float(effect_p(left, causes, given.shape[1])[0]), float(effect_p_uneven(left, causes)[0])


@pytest.fixture(scope="module")
def by_chance():
    return np.array([p_values(seed, matters=False) for seed in range(100)])


def test_ends_at_extreme_states_are_no_effect_of_the_action(by_chance):
    assert (by_chance[:, 1] < 0.01).mean() <= 0.04
    assert by_chance[:, 1].min() > 1e-4


def test_the_plain_test_would_see_one_there(by_chance):
    assert (by_chance[:, 0] < 0.01).mean() > 0.5


def test_an_end_that_the_action_brings_is_seen():
    assert max(p_values(seed, matters=True)[1] for seed in range(20)) < 1e-3
