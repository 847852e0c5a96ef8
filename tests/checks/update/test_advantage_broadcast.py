"""Twin of `advantage_broadcast`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import advantage_broadcast, advantage_of_all, clipped, own_arithmetic, square

SICK = trained(advantage_broadcast)
ALSO = (trained(advantage_of_all),)
HEALTHY = trained(own_arithmetic)  # both with a trailing axis


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_broadcast")
    assert "advantage [32, 1] gives 1024 products for 32 samples" in found.text


def test_sees_an_advantage_that_was_made_of_all_against_all(evidence):
    (found,) = evidence(ALSO[0], "advantage_broadcast")
    assert "advantage [32, 32] gives 1024 products for 32 samples" in found.text


def test_sees_sequences_that_are_broadcast(evidence):
    """[T, B] ratios and [T, B, 1] advantages with as many steps as sequences."""

    def loss(b):
        ratio = (square(b, b.dist().log_prob(b.index)) - square(b, b.old)).exp()
        return -clipped(ratio, square(b, b.advantage)[..., None]).mean()

    (found,) = evidence(trained(loss), "advantage_broadcast")
    assert "ratio [4, 4] times advantage [4, 4, 1] gives 64 products for 16 samples" in found.text
