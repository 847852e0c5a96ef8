"""Twin of `reward_changed_at_ends`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(reward="end_replaced")
HEALTHY = played(reward="scaled")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_changed_at_ends")
    assert "-3 replaces the reward of every step that ends an episode" in found.text


def test_says_where_only_terminations_are_punished(evidence):
    (found,) = evidence(played(reward="death_replaced"), "reward_changed_at_ends")
    assert "-3 replaces the reward of every step that terminates" in found.text


def test_says_what_is_added(evidence):
    (found,) = evidence(played(reward="end_added"), "reward_changed_at_ends")
    assert "-3 is added at every step that ends an episode" in found.text
