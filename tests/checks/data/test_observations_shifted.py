"""Twin of `observations_shifted`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(stored="next")
HEALTHY = played(actions="own", variant="death")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observations_shifted")
    assert "one step before their observation" in found.text
