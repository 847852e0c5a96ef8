"""Twin of `done_shifted`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="done_previous")
HEALTHY = played(variant="done_previous", death=0.0, limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "done_shifted")
    assert "row before" in found.text
    assert found.where[0].line in (10, 11, 12)
    assert found.first_update == 1
