"""Twin of `tail_bootstrapped_from_own_state`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="own_state")
HEALTHY = played(variant="no_tail")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "tail_bootstrapped_from_own_state")
    assert "value of the state it was acted in" in found.text
