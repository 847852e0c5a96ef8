"""Twin of `schedule_ends_early`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady

SICK = failing(steady(learning_rate=np.maximum(0, np.linspace(1e-3, -1e-3, 60))))
HEALTHY = steady(learning_rate=np.linspace(1e-3, 0, 60))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "schedule_ends_early")
    assert "by update 30 of 60" in found.text
