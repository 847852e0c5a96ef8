"""Twin of `observation_constant`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts

SICK = with_rollouts(failing(steady()), obs=lambda r: np.ones_like(r.obs), next_obs=lambda r: np.ones_like(r.obs))
HEALTHY = with_rollouts(steady(), obs=lambda r: r.obs * [1, 1, 0, 1], next_obs=lambda r: r.next_obs * [1, 1, 0, 1])


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observation_constant")
    assert "all 4 numbers" in found.text
    assert "2048 steps" in found.text
