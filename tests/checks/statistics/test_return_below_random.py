"""Twin of `return_below_random`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_returns

SICK = with_returns(steady(), [*np.linspace(22, 9.5, 60), *np.random.default_rng(0).normal(9.4, 0.7, 200)])
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "return_below_random")
    assert "worse than" in found.text
