"""Twin of `ratio_not_one_at_start`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import Loop, trained
from watching.losses import own_gaussian, standard

SICK = trained(standard, Loop(wrong_old=0.1))
HEALTHY = trained(own_gaussian)  # equal to rounding, by another formula than the one that acted


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "ratio_not_one_at_start")
    assert "in 2 of 2 minibatches" in found.text
