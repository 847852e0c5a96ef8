"""Twin of `samples_dropped`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(order="half", epochs=2)
HEALTHY = played(epochs=2)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "samples_dropped")
    assert "256 of 512 steps" in found.text
