"""Twin of `log_prob_of_another_action`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(actions="random")
HEALTHY = played()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "log_prob_of_another_action")
    assert "no function of it" in found.text
