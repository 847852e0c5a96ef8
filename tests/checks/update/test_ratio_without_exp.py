"""Twin of `ratio_without_exp`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import quotient, without_exp

SICK = trained(without_exp)
HEALTHY = trained(quotient)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "ratio_without_exp")
    assert "in 12 policy losses" in found.text
    assert "a ratio's would be 1" in found.text
