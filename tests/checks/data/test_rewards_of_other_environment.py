"""Twin of `rewards_of_other_environment`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(reward="neighbour")
HEALTHY = played(reward="neighbour", constant_reward=True)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rewards_of_other_environment")
    assert "environment before" in found.text
