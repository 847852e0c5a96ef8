"""Twin of `episodes_never_end`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, steady, with_env, with_rollouts


def no_end(rollout):
    """[T, N] false."""
    return np.zeros(rollout.reward.shape, bool)


SICK = with_env(with_rollouts(steady(PENDULUM), terminated=no_end, truncated=no_end).but(episodes=()), resets=1)
HEALTHY = steady(PENDULUM)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "episodes_never_end")
    assert "no end" in found.text
