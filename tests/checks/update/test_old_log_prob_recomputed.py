"""Twin of `old_log_prob_recomputed`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import Loop, trained
from watching.losses import clipped, old_recomputed, standard


def detached(b):
    new = b.dist().log_prob(b.index)
    return -clipped((new - b.dist().log_prob(b.index).detach()).exp(), b.advantage).mean()


SICK = trained(detached)
ALSO = (trained(old_recomputed),)
HEALTHY = trained(standard, Loop(move=False))  # the ratio stays 1 because nothing moves


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "old_log_prob_recomputed")
    assert "exactly 1 in 10 minibatches read after optimizer steps that moved the policy" in found.text


def test_an_old_side_with_a_gradient_is_named(evidence):
    (found,) = evidence(ALSO[0], "old_log_prob_recomputed")
    assert "denominator carries a gradient" in found.text
