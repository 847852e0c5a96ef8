"""Twin of `clip_on_wrong_quantity`: a run that has it and one that comes near."""

from __future__ import annotations

import torch
from update_runs import trained
from watching.rare_losses import log_ratio_clamped, ratio_of


def product_clamped(b):
    product = ratio_of(b) * b.advantage
    return -torch.min(product, torch.clamp(product, 0.8, 1.2)).mean()


SICK = trained(product_clamped)
HEALTHY = trained(log_ratio_clamped)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "clip_on_wrong_quantity")
    assert "the product of ratio and advantage" in found.text
