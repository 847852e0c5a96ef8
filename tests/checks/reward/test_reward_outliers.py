"""Twin of `reward_outliers`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, failing, steady, with_rollouts


def rare(rollout):
    """[T, N] one step in three hundred."""
    return (np.arange(rollout.reward.size) % 300 == 7).reshape(rollout.reward.shape)


SICK = with_rollouts(
    failing(steady(PENDULUM, explained_variance=0.02)), reward=lambda r: r.reward * np.where(rare(r), 4e3, 1.0)
)
HEALTHY = with_rollouts(steady(), reward=lambda r: np.where(rare(r), 100.0, 0.0))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_outliers")
    assert "sum of squares" in found.text
