"""Twin of `update_not_finite`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady

SICK = failing(
    steady(policy_loss=np.r_[np.zeros(20), np.full(40, np.nan)], grad_norm=np.r_[np.ones(19), np.full(41, np.nan)])
)
HEALTHY = steady(value_loss=None)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "update_not_finite")
    assert "update 20: grad_norm is not finite" in found.text
