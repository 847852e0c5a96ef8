"""Twin of `recurrent_state_not_reset`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played, recurrent

SICK = recurrent(played(), off=True)
HEALTHY = recurrent(played(), off=False)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "recurrent_state_not_reset")
    assert "100% of the samples behind" in found.text
