"""Twin of `proxy_reward_misleads`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, steady, with_returns

FALLING = np.linspace(50, -50, 200) + np.random.default_rng(1).normal(0, 8, 200)


SICK = with_returns(steady(PENDULUM), FALLING, seen=-FALLING)
HEALTHY = with_returns(steady(PENDULUM), -FALLING, seen=-0.1 * FALLING)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "proxy_reward_misleads")
    assert "rises from" in found.text
