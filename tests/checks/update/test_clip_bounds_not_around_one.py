"""Twin of `clip_bounds_not_around_one`: a run that has it and one that comes near."""

from __future__ import annotations

import torch
from update_runs import trained
from watching.losses import clip_around_zero
from watching.rare_losses import ratio_of


def higher_above(b):
    """A range that is a little wider above, as some choose it."""
    ratio = ratio_of(b)
    return -torch.min(ratio * b.advantage, torch.clamp(ratio, 0.8, 1.28) * b.advantage).mean()


SICK = trained(clip_around_zero)
HEALTHY = trained(higher_above)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "clip_bounds_not_around_one")
    assert "[0.2, 1.2]" in found.text
    assert "1 - 0.2 was meant" in found.text
