"""Twin of `rewards_centred`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(reward="standardised")
HEALTHY = played(reward="moved")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rewards_centred")
    assert "mean is subtracted" in found.text
    assert found.where[0].line == 20
