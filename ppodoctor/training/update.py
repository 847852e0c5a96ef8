"""The reference: PPO's loss by autograd, term by term as the paper has it. Other paths are held to this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ppodoctor.config import PPOConfig
from ppodoctor.training.distributions import Distribution, allowed
from ppodoctor.training.losses import clipped_surrogate, normalised, value_loss
from ppodoctor.training.schedule import Rates


@dataclass
class Samples:
    """One minibatch as tensors [B] (of valid rows) on the learner's device."""

    observation: Any
    action: Tensor
    log_prob: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor
    mask: Tensor | None
    rows: Tensor


@dataclass
class Loss:
    """The minimised loss and what it was made of, [B] each but `total`."""

    total: Tensor
    log_prob: Tensor
    ratio: Tensor
    advantage: Tensor
    value: Tensor
    entropy: Tensor
    parameters: Tensor


def ppo_step_loss(
    outputs: tuple[Tensor, Tensor], samples: Samples, distribution: Distribution, config: PPOConfig, rates: Rates
) -> Loss:
    """The loss of one minibatch (Schulman et al. 2017, equation 9, to be minimised).

    Args:
        outputs: (parameters [B, P], values [B]) of the network in training.
        samples: What was done and seen.
        distribution: Of the actions.
        config: Coefficients and switches.
        rates: Clip range and entropy weight of this update.
    """
    parameters, value = allowed(outputs[0], samples.mask), outputs[1]
    advantage = samples.advantage
    if config.normalise_advantages == "minibatch":
        advantage = normalised(advantage)
    log_prob = distribution.log_prob(parameters, samples.action)
    ratio = (log_prob - samples.log_prob).exp()
    entropy = distribution.entropy(parameters)
    policy = -clipped_surrogate(ratio, advantage, rates.clip_range).mean()
    critic = value_loss(value, samples.target, samples.value, rates.clip_range_value)
    total = policy + config.value_coefficient * critic - rates.entropy_coefficient * entropy.mean()
    return Loss(total, log_prob, ratio, advantage, value, entropy, parameters)


def descend(
    loss: Tensor, parameters: list[Tensor], optimizer: torch.optim.Optimizer, max_grad_norm: float
) -> tuple[Tensor, Tensor, Tensor]:
    """One optimizer step; gradient norm before clipping, after it, and of each parameter: left on the device."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    each = torch.stack([torch.linalg.vector_norm(one) for one in gradients])
    norm = torch.linalg.vector_norm(each)
    after = norm
    if max_grad_norm:
        factor = torch.clamp(max_grad_norm / (norm + 1e-6), max=1.0)
        torch._foreach_mul_(gradients, factor)
        after = norm * factor
    optimizer.step()
    return norm.detach(), after.detach(), each.detach()
