"""Twin of `loss_terms_reduced_differently`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import clipped, summed_value
from watching.rare_losses import ratio_of


def one_mean_by_hand(b):
    return -clipped(ratio_of(b), b.advantage).mean() + 0.5 * ((b.value() - b.target) ** 2).sum() / len(b.index)


def summed_policy(b):
    return -clipped(ratio_of(b), b.advantage).sum() + 0.5 * ((b.value() - b.target) ** 2).mean()


SICK = trained(summed_value)
ALSO = (trained(summed_policy),)
HEALTHY = trained(one_mean_by_hand)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "loss_terms_reduced_differently")
    assert "the value term is summed over 32 numbers while the surrogate term is averaged" in found.text
