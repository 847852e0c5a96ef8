"""Twin of `gradients_not_zeroed`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import Loop, trained
from watching.losses import standard

SICK = trained(standard, Loop(zero_grad=False))
HEALTHY = trained(standard, Loop(accumulate=2))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gradients_not_zeroed")
    assert "11 of 11 backward calls" in found.text
