"""Twin of `advantage_broadcast`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import advantage_broadcast, own_arithmetic

SICK = trained(advantage_broadcast)
HEALTHY = trained(own_arithmetic)  # both with a trailing axis


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_broadcast")
    assert "advantage [32, 1] gives 1024 products for 32 samples" in found.text
