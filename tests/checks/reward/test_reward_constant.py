"""Twin of `reward_constant`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts

SICK = with_rollouts(failing(steady()), reward=lambda r: np.zeros_like(r.reward))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_constant")
    assert "is 0 at each of 2048 steps" in found.text
