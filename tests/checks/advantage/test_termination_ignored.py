"""Twin of `termination_ignored`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="done_ignored")
HEALTHY = played(variant="done_ignored", death=0.0, limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "termination_ignored")
    assert "true ends are bootstrapped" in found.text
    assert found.where[0].line == 11
