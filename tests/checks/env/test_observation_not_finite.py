"""Twin of `observation_not_finite`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_rollouts

SICK = with_rollouts(steady(), obs=lambda r: np.where(r.obs > 0.2, np.nan, r.obs))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observation_not_finite")
    assert "before update 1" in found.text
