"""PPO's update by torch autograd, torch.distributions and torch.optim, written for nothing but comparison."""

from __future__ import annotations

import numpy as np
import torch

from ppodoctor.config import PPOConfig
from ppodoctor.core import Learner, Spec


def made(config: PPOConfig, spec: Spec, seed: int):
    """A learner with random weights, biases included, of a size that keeps activations near 1."""
    learner, rng = Learner(config, spec), np.random.default_rng(seed)
    fresh = {
        name: (rng.standard_normal(value.shape) / np.sqrt(value.shape[-1] if value.ndim > 1 else 9)).astype(np.float32)
        for name, value in learner.tensors().items()
    }
    learner.fill(fresh)
    return learner, fresh


def random_batch(learner: Learner, rows: int, seed: int, masks: bool = False) -> dict:
    """Samples as a rollout would leave them, with ratios spread around 1; written into the learner's rollout too."""
    rng, spec = np.random.default_rng(seed), learner.spec
    count = spec.dimensions or sum(spec.choices)
    batch = {
        "observation": rng.standard_normal((rows, spec.inputs)).astype(np.float32),
        "advantage": rng.standard_normal(rows).astype(np.float32),
        "target": (3 * rng.standard_normal(rows) + 1).astype(np.float32),
        "value": (3 * rng.standard_normal(rows) + 1).astype(np.float32),
    }
    named = {name: torch.from_numpy(value) for name, value in learner.tensors().items()}
    if spec.dimensions:
        mean = tower(named, "actor", learner.config, torch.from_numpy(batch["observation"])).numpy()
        spread = named["log_std"].exp().numpy()
        batch["action"] = (mean + spread * rng.standard_normal((rows, count))).astype(np.float32)
    else:
        batch["action"] = np.stack([rng.integers(n, size=rows) for n in spec.choices], axis=1).astype(np.int32)
        if masks:
            mask, start = rng.random((rows, count)) < 0.6, 0
            for i, n in enumerate(spec.choices):  # what was done was allowed
                mask[np.arange(rows), start + batch["action"][:, i]] = True
                start += n
            batch["mask"] = mask
    with torch.no_grad():
        log_prob, _ = judge(named, spec, learner.config, batch)[:2]
    batch["log_prob"] = (log_prob.numpy() + 0.2 * rng.standard_normal(rows)).astype(np.float32)
    views = learner.core.views("mask" in batch)
    for name, value in batch.items():
        flat = views[name].reshape(-1, *value.shape[1:])
        flat[:rows] = value
    return batch


def tower(named, prefix, config, x):
    """Outputs of one network."""
    activate = torch.relu if config.activation == "relu" else torch.tanh
    for layer in range(len(config.hidden_sizes)):
        x = activate(x @ named[f"{prefix}.{layer}.weight"].T + named[f"{prefix}.{layer}.bias"])
    last = len(config.hidden_sizes)
    return x @ named[f"{prefix}.{last}.weight"].T + named[f"{prefix}.{last}.bias"]


def judge(named, spec: Spec, config: PPOConfig, batch):
    """(log-probability, entropy, value) [B]."""
    x = torch.from_numpy(batch["observation"]).to(named["actor.0.weight"].dtype)
    outputs, value = tower(named, "actor", config, x), tower(named, "critic", config, x)[:, 0]
    action = torch.from_numpy(batch["action"])
    if spec.dimensions:
        law = torch.distributions.Normal(outputs, named["log_std"].exp(), validate_args=False)
        return law.log_prob(action).sum(1), law.entropy().sum(1), value
    if "mask" in batch:
        outputs = torch.where(torch.from_numpy(batch["mask"]), outputs, torch.tensor(-1e8))
    laws = [torch.distributions.Categorical(logits=part) for part in outputs.split(list(spec.choices), dim=1)]
    log_prob = sum(law.log_prob(action[:, i]) for i, law in enumerate(laws))
    return log_prob, sum(law.entropy() for law in laws), value


class Reference:
    """The same weights under autograd."""

    def __init__(self, learner: Learner, tensors, rates, dtype=torch.float32):
        self.spec, self.config, self.rates = learner.spec, learner.config, rates
        self.named = {
            name: torch.from_numpy(value.copy()).to(dtype).requires_grad_() for name, value in tensors.items()
        }
        self.adam = torch.optim.Adam(
            self.named.values(), lr=rates["learning_rate"], eps=self.config.adam_epsilon, foreach=False
        )

    def gradient(self, batch, rows: slice, whole: slice):
        """Gradients of the loss over `rows`; telemetry beside it. `whole`: the batch that batch statistics are of."""
        config, rates = self.config, self.rates
        part = {name: value[rows] for name, value in batch.items()}
        log_prob, entropy, value = judge(self.named, self.spec, config, part)
        advantage, target = torch.from_numpy(part["advantage"]), torch.from_numpy(part["target"])
        if config.normalise_advantages != "off":
            of = batch["advantage"][whole if config.normalise_advantages == "batch" else rows]
            advantage = (advantage - float(of.mean())) / (float(of.std(ddof=1)) + 1e-8)
        log_ratio = log_prob - torch.from_numpy(part["log_prob"])
        ratio, clip, reach = log_ratio.exp(), rates["clip_range"], rates["clip_range_value"]
        policy = -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
        squared = (value - target) ** 2
        if reach:
            old = torch.from_numpy(part["value"])
            squared = torch.max(squared, (old + (value - old).clamp(-reach, reach) - target) ** 2)
        loss = policy + config.value_coefficient * squared.mean() - rates["entropy_coefficient"] * entropy.mean()
        self.adam.zero_grad()
        loss.backward()
        told = {
            "policy_loss": policy,
            "value_loss": squared.mean(),
            "entropy": entropy.mean(),
            "approx_kl": (ratio - 1 - log_ratio).mean(),
            "clip_fraction": ((ratio - 1).abs() > clip).float().mean(),
            "ratio_max": ratio.max().clamp(min=1),
            "ratio_min": ratio.min().clamp(max=1),
        }
        grads = {name: np.zeros(p.shape) if p.grad is None else p.grad.numpy() for name, p in self.named.items()}
        return grads, {name: float(value.detach()) for name, value in told.items()}

    def step(self):
        """Clip and descend."""
        if self.config.max_grad_norm:
            torch.nn.utils.clip_grad_norm_(self.named.values(), self.config.max_grad_norm)
        self.adam.step()
