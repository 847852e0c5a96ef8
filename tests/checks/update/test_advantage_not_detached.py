"""Twin of `advantage_not_detached`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import advantage_not_detached, clipped, normalised_advantage_not_detached


def detached(b):
    value = b.value()
    advantage = (b.target - value).detach()
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, advantage).mean() + 0.5 * ((value - b.target) ** 2).mean()


SICK = trained(advantage_not_detached)
ALSO = (trained(normalised_advantage_not_detached),)
HEALTHY = trained(detached)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_not_detached")
    assert "in 12 of 12 policy losses" in found.text
