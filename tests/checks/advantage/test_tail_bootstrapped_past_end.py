"""Twin of `tail_bootstrapped_past_end`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="tail_past_end", death=0.5)
HEALTHY = played(death=0.5)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "tail_bootstrapped_past_end")
    assert "last row" in found.text
