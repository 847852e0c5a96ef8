"""Twin of `observations_aliased`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(stored="alias")
HEALTHY = played()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observations_aliased")
    assert "1 different observations among 128 samples" in found.text or "4 different" in found.text
