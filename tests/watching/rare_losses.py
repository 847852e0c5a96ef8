"""Right losses that fewer people write: penalties on the KL divergence, masks, dual clips, minima written out."""

from __future__ import annotations

import torch
from watching.losses import Data, clipped


def ratio_of(b: Data) -> torch.Tensor:
    return (b.dist().log_prob(b.index) - b.old).exp()


def value_loss(b: Data) -> torch.Tensor:
    return 0.5 * ((b.value() - b.target) ** 2).mean()


def kl_penalty(b: Data) -> torch.Tensor:
    """The mean of log p_old - log p as a penalty."""
    log_prob = b.dist().log_prob(b.index)
    policy = -clipped((log_prob - b.old).exp(), b.advantage).mean()
    return policy + value_loss(b) + 0.1 * (b.old - log_prob).mean() - 0.01 * b.dist().entropy().mean()


def kl_penalty_k3(b: Data) -> torch.Tensor:
    log_ratio = b.dist().log_prob(b.index) - b.old
    ratio = log_ratio.exp()
    return -clipped(ratio, b.advantage).mean() + value_loss(b) + 0.1 * ((ratio - 1) - log_ratio).mean()


def masked_mean(b: Data) -> torch.Tensor:
    """Sums over the rows of a mask, divided by their number."""
    mask = (torch.arange(len(b.index)) % 4 != 3).float()
    policy = -(clipped(ratio_of(b), b.advantage) * mask).sum() / mask.sum()
    error = ((b.value() - b.target) ** 2 * mask).sum() / mask.sum()
    return policy + 0.5 * error - 0.01 * (b.dist().entropy() * mask).sum() / mask.sum()


def dual_clip(b: Data) -> torch.Tensor:
    """A bound for negative advantages under the clipped objective."""
    objective = clipped(ratio_of(b), b.advantage)
    return -torch.where(b.advantage < 0, torch.max(objective, 3 * b.advantage), objective).mean() + value_loss(b)


def minimum_by_where(b: Data) -> torch.Tensor:
    ratio = ratio_of(b)
    plain, bounded = ratio * b.advantage, torch.clamp(ratio, 0.8, 1.2) * b.advantage
    return -torch.where(plain < bounded, plain, bounded).mean() + value_loss(b)


def log_ratio_clamped(b: Data) -> torch.Tensor:
    """The bounds put on the logarithm, before the exponential."""
    log_ratio = b.dist().log_prob(b.index) - b.old
    bounded = torch.clamp(log_ratio, -0.2, 0.2).exp() * b.advantage
    return -torch.min(log_ratio.exp() * b.advantage, bounded).mean() + value_loss(b)


def means_by_hand(b: Data) -> torch.Tensor:
    """Sums divided by the batch size."""
    size = len(b.index)
    return -clipped(ratio_of(b), b.advantage).sum() / size + 0.5 * ((b.value() - b.target) ** 2).sum() / size


RIGHT_TOO = (kl_penalty, kl_penalty_k3, masked_mean, dual_clip, minimum_by_where, log_ratio_clamped, means_by_hand)
