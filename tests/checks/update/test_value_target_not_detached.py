"""Twin of `value_target_not_detached`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import negated_pair, target_not_detached

SICK = trained(target_not_detached)
HEALTHY = trained(negated_pair)  # the old prediction of the value clip is no target


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_target_not_detached")
    assert "in 12 of 12 value losses" in found.text
