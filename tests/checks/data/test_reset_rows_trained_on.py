"""Twin of `reset_rows_trained_on`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(autoreset="next")
HEALTHY = played(autoreset="same")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reset_rows_trained_on")
    assert "only reset itself" in found.text
    assert found.severity is None
