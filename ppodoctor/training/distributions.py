"""Distributions over actions as functions of a network's numbers, for torch. No distribution objects, no validation.

`parameters` [..., P] is what a network gives: logits, or means and log standard deviations side by side. Actions are
[...] (categorical) or [..., K].
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ppodoctor.training.spaces import ActionFacts

FORBIDDEN = -1e8
"""The logit of an action that is not allowed: its probability is 0, and its gradient too."""
LOG_2PI = math.log(2 * math.pi)


class Distribution(Protocol):
    """One kind of distribution."""

    def draw(self, parameters: Tensor, generator: torch.Generator) -> Tensor: ...

    def mode(self, parameters: Tensor) -> Tensor: ...

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        """[...] in nats."""
        ...

    def entropy(self, parameters: Tensor) -> Tensor:
        """[...] in nats; differential for a density."""
        ...


class Categorical:
    """One choice of A."""

    def draw(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        """The largest of p / e with exponential e is a draw from p."""
        e = torch.empty_like(parameters).exponential_(generator=generator)
        return (parameters - e.log()).argmax(dim=-1)

    def mode(self, parameters: Tensor) -> Tensor:
        return parameters.argmax(dim=-1)

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        return functional.log_softmax(parameters, dim=-1).gather(-1, action[..., None])[..., 0]

    def entropy(self, parameters: Tensor) -> Tensor:
        logs = functional.log_softmax(parameters, dim=-1)
        return -(logs.exp() * logs).sum(dim=-1)


class MultiCategorical:
    """Several choices at once, independent, their logits side by side."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = list(sizes)
        self.one = Categorical()

    def _parts(self, parameters: Tensor) -> tuple[Tensor, ...]:
        return torch.split(parameters, self.sizes, dim=-1)

    def draw(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        return torch.stack([self.one.draw(part, generator) for part in self._parts(parameters)], dim=-1)

    def mode(self, parameters: Tensor) -> Tensor:
        return torch.stack([self.one.mode(part) for part in self._parts(parameters)], dim=-1)

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        parts = self._parts(parameters)
        return torch.stack([self.one.log_prob(part, action[..., i]) for i, part in enumerate(parts)]).sum(dim=0)

    def entropy(self, parameters: Tensor) -> Tensor:
        return torch.stack([self.one.entropy(part) for part in self._parts(parameters)]).sum(dim=0)


class Bernoulli:
    """K switches, each on with probability sigmoid(logit)."""

    def draw(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        u = torch.rand(parameters.shape, generator=generator, device=parameters.device)
        return (u < parameters.sigmoid()).long()

    def mode(self, parameters: Tensor) -> Tensor:
        return (parameters > 0).long()

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        return (action * parameters - functional.softplus(parameters)).sum(dim=-1)

    def entropy(self, parameters: Tensor) -> Tensor:
        return (functional.softplus(parameters) - parameters * parameters.sigmoid()).sum(dim=-1)


class Gaussian:
    """K numbers, independent."""

    def draw(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_std = parameters.chunk(2, dim=-1)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return mean + log_std.exp() * noise

    def mode(self, parameters: Tensor) -> Tensor:
        return parameters.chunk(2, dim=-1)[0]

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        mean, log_std = parameters.chunk(2, dim=-1)
        z = (action - mean) * (-log_std).exp()
        return (-0.5 * z * z - log_std - 0.5 * LOG_2PI).sum(dim=-1)

    def entropy(self, parameters: Tensor) -> Tensor:
        return (parameters.chunk(2, dim=-1)[1] + 0.5 * (1 + LOG_2PI)).sum(dim=-1)


class SquashedGaussian(Gaussian):
    """tanh of K Gaussian numbers: actions in (-1, 1), kept as the numbers before tanh, which loses nothing.

    The density of a = tanh(u) is that of u over 1 - tanh(u)^2 (Haarnoja et al. 2018, appendix C).
    """

    def __init__(self) -> None:
        points, weights = np.polynomial.hermite_e.hermegauss(32)
        self.points = torch.tensor(points, dtype=torch.float32)
        self.weights = torch.tensor(weights / weights.sum(), dtype=torch.float32)

    def log_prob(self, parameters: Tensor, action: Tensor) -> Tensor:
        return super().log_prob(parameters, action) - log_slope(action).sum(dim=-1)

    def entropy(self, parameters: Tensor) -> Tensor:
        """That of u plus the mean of log(1 - tanh(u)^2), by Gauss-Hermite quadrature: no closed form, but no noise."""
        mean, log_std = parameters.chunk(2, dim=-1)
        u = mean[..., None] + log_std.exp()[..., None] * self.points.to(mean.device)
        expected = (log_slope(u) * self.weights.to(mean.device)).sum(dim=-1)
        return super().entropy(parameters) + expected.sum(dim=-1)


def log_slope(u: Tensor) -> Tensor:
    """log(1 - tanh(u)^2), in the form that does not lose its digits for large u."""
    return 2.0 * (math.log(2.0) - u - functional.softplus(-2.0 * u))


def distribution_of(action: ActionFacts) -> Distribution:
    """The distribution for a kind of action."""
    made: dict[str, Distribution] = {
        "categorical": Categorical(),
        "multi_categorical": MultiCategorical(action.sizes),
        "bernoulli": Bernoulli(),
        "gaussian": Gaussian(),
        "squashed": SquashedGaussian(),
    }
    return made[action.kind]


def allowed(parameters: Tensor, mask: Tensor | None) -> Tensor:
    """Logits [..., A] with those of actions that are not allowed at a value that no draw takes."""
    return parameters if mask is None else torch.where(mask, parameters, FORBIDDEN)
