"""Twin of `gradient_clip_on_wrong_parameters`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import Loop, trained
from watching.losses import standard

SICK = trained(standard, Loop(clip="critic"))
HEALTHY = trained(standard, Loop(clip="each"))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gradient_clip_on_wrong_parameters")
    assert "was given 4 parameters, none of the 4" in found.text
