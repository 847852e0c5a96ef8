"""Twin of `minibatch_drawn_with_replacement`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(order="drawn")
HEALTHY = played(epochs=2)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "minibatch_drawn_with_replacement")
    assert "repeat an earlier one" in found.text
