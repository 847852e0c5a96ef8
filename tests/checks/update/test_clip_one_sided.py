"""Twin of `clip_one_sided`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import torch
from update_runs import trained
from watching.losses import one_sided, where_form
from watching.rare_losses import ratio_of


def no_upper_bound(b):
    ratio = ratio_of(b)
    return -torch.min(ratio * b.advantage, torch.clamp(ratio, min=0.8) * b.advantage).mean()


def all_good(b):
    """Positive advantages alone: the lower bound never acts, which does not mean that it is missing."""
    return where_form(replace(b, advantage=b.advantage.abs() + 0.1))


SICK = trained(one_sided)
ALSO = (trained(no_upper_bound),)
HEALTHY = trained(all_good)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "clip_one_sided")
    assert "no lower bound (only 1.2)" in found.text


def test_names_the_open_side(evidence):
    (found,) = evidence(ALSO[0], "clip_one_sided")
    assert "no upper bound (only 0.8)" in found.text
