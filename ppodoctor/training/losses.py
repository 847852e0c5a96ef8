"""The terms of PPO's loss as pure functions of tensors, and the numbers by which an update is judged.

Everything is over the samples of one minibatch, `[B]`. What is minimised is
policy_loss + value_coefficient * value_loss - entropy_coefficient * entropy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def clipped_surrogate(ratio: Tensor, advantage: Tensor, clip_range: float) -> Tensor:
    """[B] objective to maximise: min(r A, clip(r, 1 - e, 1 + e) A) (Schulman et al. 2017, equation 7).

    Args:
        ratio: [B] new over old probability of the action taken.
        advantage: [B], without gradient.
        clip_range: e.
    """
    import torch

    return torch.min(ratio * advantage, torch.clamp(ratio, 1 - clip_range, 1 + clip_range) * advantage)


def ppo_loss(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip_range: float) -> Tensor:
    """Scalar policy loss to minimise: minus the mean clipped surrogate.

    Args:
        log_prob: [B] log-probability of the actions taken under the policy in training, in nats.
        old_log_prob: [B] the same under the policy that acted, without gradient.
        advantage: [B], without gradient, normalised or not.
        clip_range: How far the ratio may pay off around 1.
    """
    return -clipped_surrogate((log_prob - old_log_prob).exp(), advantage, clip_range).mean()


def value_loss(value: Tensor, target: Tensor, old_value: Tensor, clip_range: float = 0.0) -> Tensor:
    """Scalar mean squared error [reward^2], no factor 1/2. With `clip_range`, the larger of it and the clipped one's.

    Args:
        value: [B] the critic in training.
        target: [B] what it should say: advantage + old value, without gradient.
        old_value: [B] the critic that acted, without gradient.
        clip_range: How far a value may move from the old one and still pay off; 0 is off (the PPO2 detail).
    """
    import torch

    error = (value - target) ** 2
    if not clip_range:
        return error.mean()
    moved = old_value + torch.clamp(value - old_value, -clip_range, clip_range)
    return torch.max(error, (moved - target) ** 2).mean()


def normalised(advantage: Any) -> Any:
    """[B] advantages with mean 0 and standard deviation 1 (sample deviation, as everybody's code has it)."""
    unbiased = {"correction": 1} if hasattr(advantage, "detach") else {"ddof": 1}
    return (advantage - advantage.mean()) / (advantage.std(**unbiased) + 1e-8)


def approx_kl(log_ratio: Any) -> Any:
    """KL(old || new) in nats from samples [B] of log new - log old, by (r - 1) - log r (k3): never negative."""
    ratio = log_ratio.exp() if hasattr(log_ratio, "exp") else _numpy().exp(log_ratio)
    return ((ratio - 1) - log_ratio).mean()


def explained_variance(value: Any, target: Any) -> float:
    """1 - Var(target - value) / Var(target): 1 is perfect, 0 no better than a constant, NaN for a constant target."""
    spread = float(target.var())
    return float("nan") if spread == 0 else 1.0 - float((target - value).var()) / spread


def _numpy() -> Any:
    import numpy

    return numpy
