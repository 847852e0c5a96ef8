"""Twin of `min_max_swapped`: a run that has it and one that comes near."""

from __future__ import annotations

import torch
from update_runs import trained
from watching.losses import max_instead_of_min, negated_pair
from watching.rare_losses import ratio_of


def minimum_of_negatives(b):
    ratio = ratio_of(b)
    return torch.min(-b.advantage * ratio, -b.advantage * torch.clamp(ratio, 0.8, 1.2)).mean()


SICK = trained(max_instead_of_min)
ALSO = (trained(minimum_of_negatives),)
HEALTHY = trained(negated_pair)  # the maximum of the negatives is right


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "min_max_swapped")
    assert "maximum of both products in all 12" in found.text


def test_says_what_it_cannot_tell_apart_without_rewards(evidence):
    (found,) = evidence(SICK.but(rollouts=()), "min_max_swapped")
    assert "a reversed sign of the whole loss looks the same" in found.text
