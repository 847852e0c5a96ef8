"""Twin of `tail_not_bootstrapped`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="no_tail")
HEALTHY = played(tail_value=True)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "tail_not_bootstrapped")
    assert "last row of the rollout" in found.text
    assert found.where[0].line == 11
