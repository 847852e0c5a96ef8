"""Twin of `entropy_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import entropy_sign, gaussian

SICK = trained(entropy_sign)
HEALTHY = trained(gaussian)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "entropy_sign_flipped")
    assert "+ 0.01 x entropy in all 12" in found.text
