"""Twin of `rewards_clipped`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(reward="clipped")
HEALTHY = played(reward="scaled")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rewards_clipped")
    assert "clipped to [-1, 1]" in found.text
    assert found.data["changed_share"] > 0.1
