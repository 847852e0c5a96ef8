"""Twin of `action_count_mismatched`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady, with_env

from ppodoctor.records import SpaceFacts

SICK = with_env(failing(steady()), action=SpaceFacts("Discrete", (), n=5))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "action_count_mismatched")
    assert "among 2 actions" in found.text
    assert "has 5" in found.text
