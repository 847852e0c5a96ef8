"""Twin of `log_prob_not_summed`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import not_summed, own_gaussian

SICK = trained(not_summed)
HEALTHY = trained(own_gaussian)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "log_prob_not_summed")
    assert "3 ratios a sample" in found.text
