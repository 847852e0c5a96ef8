"""Twin of `idle_policy_wins`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, steady, with_env, with_returns

RANDOM = [-33.0, -31.0, -35.0, -30.0, -34.0, -32.0]
settling = [*np.linspace(-33, 0, 60), *np.random.default_rng(0).normal(0, 2, 200)]


SICK = with_env(
    with_returns(steady(PENDULUM), settling), baseline={"random": RANDOM, "zero": [-2.0, 1.0, 0.0, 3.0, -1.0]}
)
HEALTHY = steady(PENDULUM)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "idle_policy_wins")
    assert "a constant action returns" in found.text
