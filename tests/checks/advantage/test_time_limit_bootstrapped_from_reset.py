"""Twin of `time_limit_bootstrapped_from_reset`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="reset")
HEALTHY = played(variant="reset", limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "time_limit_bootstrapped_from_reset")
    assert "reset observation" in found.text
