"""Twin of `time_limit_ignored`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="truncation_ignored")
HEALTHY = played(variant="truncation_ignored", limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "time_limit_ignored")
    assert "time limits do not cut" in found.text
    assert found.where[0].line == 12
