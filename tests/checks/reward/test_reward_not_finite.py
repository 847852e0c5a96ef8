"""Twin of `reward_not_finite`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_rollouts

SICK = with_rollouts(steady(), reward=lambda r: np.where(r.obs[..., 0] > 0.2, np.inf, r.reward))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_not_finite")
    assert "before update 1" in found.text
