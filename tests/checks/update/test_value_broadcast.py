"""Twin of `value_broadcast`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import own_arithmetic, value_broadcast, value_broadcast_fused

SICK = trained(value_broadcast)
ALSO = (trained(value_broadcast_fused),)
HEALTHY = trained(own_arithmetic)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_broadcast")
    assert "1024 errors for 32 samples" in found.text
