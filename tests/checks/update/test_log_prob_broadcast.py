"""Twin of `log_prob_broadcast`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import clipped, own_arithmetic, square


def every_pair(b):
    ratio = (b.dist().log_prob(b.index)[:, None] - b.old).exp()
    return -clipped(ratio, b.advantage).mean()


SICK = trained(every_pair)
HEALTHY = trained(own_arithmetic)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "log_prob_broadcast")
    assert "shape [32, 32] for 32 samples" in found.text


def test_sees_sequences_that_are_broadcast(evidence):
    def loss(b):
        ratio = (square(b, b.dist().log_prob(b.index)) - square(b, b.old)[..., None]).exp()
        return -clipped(ratio, square(b, b.advantage)).mean()

    (found,) = evidence(trained(loss), "log_prob_broadcast")
    assert "shape [4, 4, 4]" in found.text
