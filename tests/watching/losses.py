"""PPO losses in many handwritings, as torch computations; used to test what the reader makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.distributions import Categorical, MultivariateNormal, Normal

from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.reading import read_loss
from ppodoctor.watching.layer_calls import LayerCalls
from ppodoctor.watching.loss_graph import GraphReader
from ppodoctor.watching.parameters import Parameters
from ppodoctor.watching.sites import frame_sites
from ppodoctor.watching.trace import Trace

BATCH, OBS, ACTIONS = 12, 4, 3


@dataclass
class Data:
    """Networks and a batch."""

    policy: nn.Module
    critic: nn.Module
    log_std: nn.Parameter
    obs: torch.Tensor
    index: torch.Tensor
    box: torch.Tensor
    old: torch.Tensor
    old_box: torch.Tensor
    old_each: torch.Tensor
    """Of `box`, one for each action dimension."""
    advantage: torch.Tensor
    target: torch.Tensor

    def dist(self) -> Categorical:
        return Categorical(logits=self.policy(self.obs))

    def normal(self) -> Normal:
        mean = self.policy(self.obs)
        return Normal(mean, self.log_std.exp().expand_as(mean))

    def value(self) -> torch.Tensor:
        return self.critic(self.obs).squeeze(-1)


def data(seed: int = 0) -> Data:
    """A batch whose old policy differs a little from the present one."""
    torch.manual_seed(seed)
    policy = nn.Sequential(nn.Linear(OBS, 8), nn.Tanh(), nn.Linear(8, ACTIONS))
    critic = nn.Sequential(nn.Linear(OBS, 8), nn.ReLU(), nn.Linear(8, 1))
    made = Data(
        policy,
        critic,
        nn.Parameter(torch.full((ACTIONS,), -0.5)),
        torch.randn(BATCH, OBS),
        torch.randint(0, ACTIONS, (BATCH,)),
        torch.randn(BATCH, ACTIONS),
        torch.zeros(BATCH),
        torch.zeros(BATCH),
        torch.zeros(BATCH, ACTIONS),
        torch.randn(BATCH),
        torch.randn(BATCH),
    )
    with torch.no_grad():
        made.old = made.dist().log_prob(made.index) + 0.2 * torch.randn(BATCH)
        made.old_each = made.normal().log_prob(made.box) + 0.1 * torch.randn(BATCH, ACTIONS)
        made.old_box = made.old_each.sum(-1)
    return made


def read(make: Any, batch: Data, *, traced: bool = False) -> LossReading:
    """Build the loss and read its graph, with or without the trace of lines."""
    parameters = Parameters(torch)
    layers = LayerCalls(torch, lambda: (0, 0), lambda: 0)
    trace = Trace(torch, lambda: frame_sites(skip=2))
    if traced:
        trace.start()
    loss = make(batch)
    trace.stop()
    reader = GraphReader(torch, parameters.number, layers.module_of, trace)
    roots = loss if isinstance(loss, tuple) else (loss,)
    return read_loss(reader.read(roots, full=True))


def clipped(ratio: torch.Tensor, advantage: torch.Tensor, eps: float = 0.2) -> torch.Tensor:
    return torch.min(ratio * advantage, torch.clamp(ratio, 1 - eps, 1 + eps) * advantage)


def standard(b: Data) -> torch.Tensor:
    dist = b.dist()
    ratio = (dist.log_prob(b.index) - b.old).exp()
    value_loss = ((b.value() - b.target) ** 2).mean()
    return -clipped(ratio, b.advantage).mean() + 0.5 * value_loss - 0.01 * dist.entropy().mean()


def negated_pair(b: Data) -> torch.Tensor:
    """The CleanRL handwriting: maximum of negated products, clipped value loss, halves inside."""
    dist = b.dist()
    ratio = (dist.log_prob(b.index) - b.old).exp()
    policy = torch.max(-b.advantage * ratio, -b.advantage * torch.clamp(ratio, 1 - 0.2, 1 + 0.2)).mean()
    value = b.value()
    old_value = value.detach() + 0.3
    close = old_value + torch.clamp(value - old_value, -0.2, 0.2)
    value_loss = 0.5 * torch.max((value - b.target) ** 2, (close - b.target) ** 2).mean()
    return policy - 0.01 * dist.entropy().mean() + value_loss * 0.5


def fused_pair(b: Data) -> torch.Tensor:
    """A clipped value loss out of the library's own elementwise errors, their maximum taken as a method."""
    surrogate = torch.min(
        torch.exp(b.dist().log_prob(b.index) - b.old) * b.advantage,
        torch.clamp(torch.exp(b.dist().log_prob(b.index) - b.old), 0.8, 1.2) * b.advantage,
    )
    value = b.value()
    near = (value.detach() + 0.3) + (value - (value.detach() + 0.3)).clamp(-0.2, 0.2)
    errors = [nn.functional.mse_loss(v, b.target, reduction="none") for v in (value, near)]
    return errors[0].maximum(errors[1]).mean() - surrogate.mean() - 0.01 * b.dist().entropy().mean()


def own_arithmetic(b: Data) -> torch.Tensor:
    """Softmax, gather, log; one vector of losses averaged at the end; smooth L1."""
    probs = torch.softmax(b.policy(b.obs), dim=1)
    chosen = probs.gather(1, b.index[:, None])
    ratio = torch.exp(torch.log(chosen) - torch.log(b.old.exp()[:, None]))
    advantage = b.advantage[:, None]
    first, second = ratio * advantage, torch.clamp(ratio, 0.9, 1.1) * advantage
    loss = -torch.min(first, second) + nn.functional.smooth_l1_loss(b.critic(b.obs), b.target[:, None])
    return loss.mean()


def quotient(b: Data) -> torch.Tensor:
    """Quotient of exponentials; two squared errors written as a product; one total."""
    dist = b.dist()
    ratio = dist.log_prob(b.index).exp() / b.old.exp()
    weighted = b.advantage * ratio
    weighted_clipped = torch.clamp(ratio, 0.8, 1.2) * b.advantage
    actor = -torch.min(weighted, weighted_clipped).mean()
    error = b.target - b.value()
    return actor + 0.5 * (error * error).mean()


def gaussian(b: Data) -> torch.Tensor:
    dist = b.normal()
    ratio = (dist.log_prob(b.box).sum(-1) - b.old_box).exp()
    value_loss = nn.functional.mse_loss(b.target, b.value())
    return -clipped(ratio, b.advantage).mean() + 0.25 * value_loss - 0.003 * dist.entropy().sum(-1).mean()


def own_gaussian(b: Data) -> torch.Tensor:
    """Log-density by hand from a log-std parameter, entropy from the log-std alone."""
    mean = b.policy(b.obs)
    log_std = b.log_std.expand_as(mean)
    density = -((b.box - mean) ** 2) / (2 * torch.exp(log_std) ** 2) - 0.5 * 1.8378770664093453 - log_std
    ratio = torch.exp(density.sum(1, keepdim=True) - b.old_box[:, None])
    entropy = (0.5 + 0.9189385332046727 + b.log_std).sum()
    return -clipped(ratio, b.advantage[:, None]).mean() - 0.01 * entropy


def multivariate(b: Data) -> torch.Tensor:
    mean = b.policy(b.obs)
    dist = MultivariateNormal(mean, torch.diag((2 * b.log_std.detach()).exp()))
    ratio = torch.exp(dist.log_prob(b.box) - b.old_box)
    return (-torch.min(ratio * b.advantage, torch.clamp(ratio, 0.8, 1.2) * b.advantage)).mean()


def square(b: Data, rows: torch.Tensor) -> torch.Tensor:
    """The first rows as sequences [T, B] of as many steps as there are sequences."""
    side = int(len(b.obs) ** 0.5) - 1
    return rows[: side * side].view(side, side)


def where_form(b: Data) -> torch.Tensor:
    """The clipped branch computed ahead from the advantage's sign; no clamp in the graph."""
    dist = b.dist()
    ratio = torch.exp(dist.log_prob(b.index) - b.old)
    limit = torch.where(b.advantage > 0, 1.2 * b.advantage, 0.8 * b.advantage)
    return -(torch.min(ratio * b.advantage, limit)).mean()


ALL_RIGHT = (
    standard,
    negated_pair,
    fused_pair,
    own_arithmetic,
    quotient,
    gaussian,
    own_gaussian,
    multivariate,
    where_form,
)


def sign_flipped(b: Data) -> torch.Tensor:
    dist = b.dist()
    ratio = (dist.log_prob(b.index) - b.old).exp()
    return clipped(ratio, b.advantage).mean() + 0.5 * ((b.value() - b.target) ** 2).mean()


def max_instead_of_min(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -torch.max(ratio * b.advantage, torch.clamp(ratio, 0.8, 1.2) * b.advantage).mean()


def inverted(b: Data) -> torch.Tensor:
    ratio = (b.old - b.dist().log_prob(b.index)).exp()
    return -clipped(ratio, b.advantage).mean()


def without_exp(b: Data) -> torch.Tensor:
    ratio = b.dist().log_prob(b.index) - b.old
    return -clipped(ratio, b.advantage).mean()


def one_sided(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -torch.min(ratio * b.advantage, torch.clamp(ratio, max=1.2) * b.advantage).mean()


def clip_around_zero(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -torch.min(ratio * b.advantage, torch.clamp(ratio, 0.2, 1.2) * b.advantage).mean()


def not_summed(b: Data) -> torch.Tensor:
    ratio = (b.normal().log_prob(b.box) - b.old_each).exp()
    return -clipped(ratio, b.advantage[:, None]).mean() - 0.01 * b.normal().entropy().mean()


def advantage_broadcast(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, b.advantage[:, None]).mean() + ((b.value() - b.target) ** 2).mean()


def advantage_of_all(b: Data) -> torch.Tensor:
    """Returns [B] minus values [B, 1]: the advantage itself is [B, B]."""
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    advantage = b.target - b.critic(b.obs).detach()
    return -clipped(ratio, advantage).mean() + ((b.value() - b.target) ** 2).mean()


def value_broadcast(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, b.advantage).mean() + 0.5 * ((b.critic(b.obs) - b.target) ** 2).mean()


def value_broadcast_fused(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, b.advantage).mean() + 0.5 * nn.functional.mse_loss(b.critic(b.obs), b.target)


def advantage_not_detached(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    value = b.value()
    return -clipped(ratio, b.target - value).mean() + 0.5 * ((value - b.target) ** 2).mean()


def normalised_advantage_not_detached(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    value = b.value()
    advantage = b.target - value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    return -clipped(ratio, advantage).mean() + 0.5 * ((value - b.target) ** 2).mean()


def target_not_detached(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    value = b.value()
    target = b.target + 0.9 * b.critic(b.obs + 0.1).squeeze(-1)
    return -clipped(ratio, b.advantage).mean() + 0.5 * ((value - target) ** 2).mean()


def entropy_sign(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, b.advantage).mean() + 0.01 * b.dist().entropy().mean()


def chosen_entropy(b: Data) -> torch.Tensor:
    log_prob = b.dist().log_prob(b.index)
    entropy = -(log_prob.exp() * log_prob).mean()
    return -clipped((log_prob - b.old).exp(), b.advantage).mean() - 0.01 * entropy


def chosen_entropy_of_components(b: Data) -> torch.Tensor:
    each = b.normal().log_prob(b.box)
    entropy = -(each.exp() * each).sum(-1).mean()
    return -clipped((each.sum(-1) - b.old_box).exp(), b.advantage).mean() - 0.01 * entropy


def minus_log_prob_entropy(b: Data) -> torch.Tensor:
    log_prob = b.normal().log_prob(b.box).sum(-1)
    return -clipped((log_prob - b.old_box).exp(), b.advantage).mean() - 0.01 * (-log_prob).mean()


def summed_value(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -clipped(ratio, b.advantage).mean() + 0.5 * ((b.value() - b.target) ** 2).sum()


def old_recomputed(b: Data) -> torch.Tensor:
    new, old = b.dist().log_prob(b.index), b.dist().log_prob(b.index)
    return -clipped((new - old).exp(), b.advantage).mean()


def unclipped(b: Data) -> torch.Tensor:
    ratio = (b.dist().log_prob(b.index) - b.old).exp()
    return -(ratio * b.advantage).mean()


def policy_gradient(b: Data) -> torch.Tensor:
    return -(b.dist().log_prob(b.index) * b.advantage).mean() + 0.5 * ((b.value() - b.target) ** 2).mean()


WRONG = (sign_flipped, max_instead_of_min, inverted, without_exp, one_sided, clip_around_zero, not_summed,
         advantage_broadcast, advantage_of_all, value_broadcast, value_broadcast_fused, advantage_not_detached,
         normalised_advantage_not_detached, target_not_detached, entropy_sign, chosen_entropy, minus_log_prob_entropy,
         chosen_entropy_of_components, summed_value, old_recomputed, unclipped, policy_gradient)  # fmt: skip


def masked_sequences(b: Data) -> torch.Tensor:
    """Padded sequences: everything is computed on all rows, a mask picks the real ones."""
    mask = torch.arange(len(b.index)) % 4 != 3
    dist = b.dist()
    ratio = (dist.log_prob(b.index) - b.old).exp()
    policy = -torch.min(b.advantage * ratio, b.advantage * torch.clamp(ratio, 0.8, 1.2))[mask].mean()
    return policy + 0.5 * ((b.target - b.value())[mask] ** 2).mean() - 0.01 * dist.entropy()[mask].mean()
