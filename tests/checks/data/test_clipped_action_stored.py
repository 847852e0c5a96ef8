"""Twin of `clipped_action_stored`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import gaussian, played

SICK = gaussian(played(), clip=1.0)
HEALTHY = gaussian(played(), clip=None)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "clipped_action_stored")
    assert "exactly -1 or 1" in found.text
