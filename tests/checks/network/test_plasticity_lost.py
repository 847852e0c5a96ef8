"""Twin of `plasticity_lost`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_returns

PEAKED = [*np.linspace(20, 200, 150), *np.linspace(200, 15, 100), *np.random.default_rng(2).normal(15, 3, 100)]


SICK = with_returns(steady(dead_share=(0.1, 0.6)), PEAKED)
HEALTHY = steady(dead_share=(0.1, 0.6))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "plasticity_lost")
    assert "dead units grew" in found.text
