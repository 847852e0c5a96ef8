"""Twin of `value_broadcast`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import clipped, own_arithmetic, square, value_broadcast, value_broadcast_fused

SICK = trained(value_broadcast)
ALSO = (trained(value_broadcast_fused),)
HEALTHY = trained(own_arithmetic)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_broadcast")
    assert "1024 errors for 32 samples" in found.text


def test_sees_sequences_that_are_broadcast(evidence):
    def loss(b):
        error = square(b, b.value()) - square(b, b.target)[..., None]
        return -clipped((b.dist().log_prob(b.index) - b.old).exp(), b.advantage).mean() + error.pow(2).mean()

    (found,) = evidence(trained(loss), "value_broadcast")
    assert "64 errors" in found.text
