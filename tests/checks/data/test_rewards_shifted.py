"""Twin of `rewards_shifted`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(reward="previous")
HEALTHY = played(reward="previous", constant_reward=True)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rewards_shifted")
    assert "reward of the step before" in found.text
