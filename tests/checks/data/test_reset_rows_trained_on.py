"""Twin of `reset_rows_trained_on`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from credit_runs import played
from scenarios import Scenario

from ppodoctor.checks.api import NOTE

SICK = played(autoreset="next")
HEALTHY = played(autoreset="same")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reset_rows_trained_on")
    assert "only reset itself" in found.text
    assert found.severity is None


def test_more_of_them_in_a_few_minibatches_than_there_are_in_all_rollouts_is_luck(evidence):
    """The same minibatches beside rollouts in which such rows are rare."""
    first = SICK.run.rollouts[0]
    assert first.filler is not None
    others = [
        replace(first, update=100 + k, obs=first.obs + 1000.0 * (k + 1), filler=np.zeros_like(first.filler))
        for k in range(100)
    ]
    run = replace(SICK.run, rollouts=(*SICK.run.rollouts, *others))
    (found,) = evidence(Scenario(run, SICK.readings), "reset_rows_trained_on")
    assert found.data["seen"] > 0.01
    assert found.severity == NOTE
