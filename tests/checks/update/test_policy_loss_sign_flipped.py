"""Twin of `policy_loss_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import clipped, negated_pair, sign_flipped


def flipped_gaussian(b):
    ratio = (b.normal().log_prob(b.box).sum(-1) - b.old_box).exp()
    return clipped(ratio, b.advantage).mean()


SICK = trained(sign_flipped)
ALSO = (trained(flipped_gaussian, box=True),)
HEALTHY = trained(negated_pair)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "policy_loss_sign_flipped")
    assert "the minimum acts as a maximum" in found.text


def test_nothing_is_claimed_without_rewards(evidence):
    assert evidence(SICK.but(rollouts=()), "policy_loss_sign_flipped") == []
