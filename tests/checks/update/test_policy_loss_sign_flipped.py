"""Twin of `policy_loss_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import with_readings
from update_runs import trained
from watching.losses import clipped, negated_pair, sign_flipped

from ppodoctor.checks.api import MEASURED


def flipped_gaussian(b):
    ratio = (b.normal().log_prob(b.box).sum(-1) - b.old_box).exp()
    return clipped(ratio, b.advantage).mean()


SICK = trained(sign_flipped)
ALSO = (trained(flipped_gaussian, box=True),)
HEALTHY = trained(negated_pair)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "policy_loss_sign_flipped")
    assert "the minimum acts as a maximum" in found.text


def test_without_rewards_the_critic_tells_the_sign(evidence):
    (found,) = evidence(SICK.but(rollouts=()), "policy_loss_sign_flipped")
    assert "target minus value of the same samples" in found.text
    assert found.basis == MEASURED


def test_nothing_is_claimed_without_rewards_and_critic(evidence):
    alone = with_readings(SICK.but(rollouts=()), lambda r: replace(r, value=None))
    assert evidence(alone, "policy_loss_sign_flipped") == []
