"""Twin of `return_peaked_then_fell`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_returns

PEAKED = [*np.linspace(20, 200, 150), *np.linspace(200, 22, 100), *np.random.default_rng(2).normal(22, 5, 100)]
DIPPED = [*np.linspace(20, 200, 150), *np.linspace(200, 60, 20), *np.linspace(60, 210, 100)]


SICK = with_returns(steady(), PEAKED)
HEALTHY = with_returns(steady(), DIPPED)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "return_peaked_then_fell")
    assert "best stretch" in found.text
