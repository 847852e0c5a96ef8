"""Twin of `minimum_missing`: a run that has it and one that comes near."""

from __future__ import annotations

import torch
from update_runs import trained
from watching.rare_losses import minimum_by_where, ratio_of


def clipped_alone(b):
    return -(torch.clamp(ratio_of(b), 0.8, 1.2) * b.advantage).mean()


SICK = trained(clipped_alone)
HEALTHY = trained(minimum_by_where)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "minimum_missing")
    assert "in all 12" in found.text
