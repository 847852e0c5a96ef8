"""Twin of `time_limit_read_as_death`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="death")
HEALTHY = played(variant="death", limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "time_limit_read_as_death")
    assert "time limit counts as death" in found.text
    assert found.data["impact"] > 0.05
