"""Distributions over actions in closed form, numpy only: log-probability, entropy and their derivatives.

Outputs and actions have the action's dimensions first: outputs [A, B], actions [B] (categorical) or [K, B]. Each class
answers for one kind of action; `torch` has the same in `distributions`, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.spaces import ActionFacts

F32 = NDArray[np.float32]
FORBIDDEN = np.float32(-1e8)
"""The logit of an action that is not allowed: its probability is 0, and its derivative too."""
LOG_2PI = float(np.log(2 * np.pi))


@dataclass
class Judged:
    """A distribution at B states, and the actions taken there."""

    log_prob: F32
    """[B]"""
    kept: Any
    """What `backward` needs of the forward pass."""


class Head(Protocol):
    """One kind of distribution."""

    def draw(self, outputs: F32, log_std: F32 | None, noise: F32) -> NDArray[Any]:
        """Actions [N, ...] from outputs [A, N]; `noise` [A, N] as `noise` gives it."""
        ...

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
        """Random numbers for `draw`, of any shape."""
        ...

    def mode(self, outputs: F32) -> NDArray[Any]: ...

    def judge(self, outputs: F32, log_std: F32 | None, action: NDArray[Any]) -> Judged: ...

    def entropy(self, judged: Judged) -> F32:
        """[B] in nats; differential for a density."""
        ...

    def backward(self, judged: Judged, d_log_prob: F32, d_entropy: float) -> tuple[F32, F32 | None]:
        """Derivatives at outputs [A, B] and log_std [A] of sum(d_log_prob * log_prob) + d_entropy * sum(entropy)."""
        ...


class Categorical:
    """One choice of A."""

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
        # in float32 a draw may be exactly 0, whose noise would be infinite and choose an action that is not allowed
        return -np.log(np.maximum(rng.standard_exponential(shape, np.float32), np.finfo(np.float32).tiny))

    def draw(self, outputs: F32, log_std: F32 | None, noise: F32) -> NDArray[Any]:
        """The Gumbel trick: the largest of logits and noise is a draw from their softmax."""
        return self.mode(outputs + noise)

    def mode(self, outputs: F32) -> NDArray[Any]:
        best: NDArray[np.int64] = outputs.argmax(axis=0)
        return best

    def judge(self, outputs: F32, log_std: F32 | None, action: NDArray[Any]) -> Judged:
        logs = outputs - outputs.max(axis=0)
        logs -= np.log(np.exp(logs).sum(axis=0))
        rows = np.arange(logs.shape[1])
        return Judged(logs[action, rows], (logs, action, rows))

    def entropy(self, judged: Judged) -> F32:
        logs: F32 = judged.kept[0]
        negative: F32 = (np.exp(logs) * logs).sum(axis=0)
        return -negative

    def backward(self, judged: Judged, d_log_prob: F32, d_entropy: float) -> tuple[F32, F32 | None]:
        logs, action, rows = judged.kept
        p = np.exp(logs)
        d_outputs = p * -d_log_prob
        d_outputs[action, rows] += d_log_prob
        if d_entropy:
            d_outputs -= d_entropy * p * (logs + self.entropy(judged))
        return d_outputs, None


class MultiCategorical:
    """Several choices at once, their logits one below the other."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        ends = np.cumsum(sizes)
        self.parts = [slice(int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True)]
        self.one = Categorical()

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
        return self.one.noise(rng, shape)

    def draw(self, outputs: F32, log_std: F32 | None, noise: F32) -> NDArray[Any]:
        return self.mode(outputs + noise)

    def mode(self, outputs: F32) -> NDArray[Any]:
        return np.stack([outputs[part].argmax(axis=0) for part in self.parts], axis=1)

    def judge(self, outputs: F32, log_std: F32 | None, action: NDArray[Any]) -> Judged:
        every = [self.one.judge(outputs[part], None, action[:, i]) for i, part in enumerate(self.parts)]
        log_prob: F32 = np.sum([one.log_prob for one in every], axis=0)
        return Judged(log_prob, every)

    def entropy(self, judged: Judged) -> F32:
        found: F32 = np.sum([self.one.entropy(one) for one in judged.kept], axis=0)
        return found

    def backward(self, judged: Judged, d_log_prob: F32, d_entropy: float) -> tuple[F32, F32 | None]:
        return np.concatenate([self.one.backward(one, d_log_prob, d_entropy)[0] for one in judged.kept]), None


class Bernoulli:
    """K switches, each on with probability sigmoid(logit)."""

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
        return rng.logistic(size=shape).astype(np.float32)

    def draw(self, outputs: F32, log_std: F32 | None, noise: F32) -> NDArray[Any]:
        return (outputs + noise > 0).T.astype(np.int64)

    def mode(self, outputs: F32) -> NDArray[Any]:
        return (outputs > 0).T.astype(np.int64)

    def judge(self, outputs: F32, log_std: F32 | None, action: NDArray[Any]) -> Judged:
        on = action.T.astype(np.float32)
        softplus = np.logaddexp(np.float32(0), outputs)
        return Judged((on * outputs - softplus).sum(axis=0), (outputs.copy(), on, softplus))

    def entropy(self, judged: Judged) -> F32:
        outputs, _, softplus = judged.kept
        found: F32 = (softplus - outputs * _sigmoid(outputs)).sum(axis=0)
        return found

    def backward(self, judged: Judged, d_log_prob: F32, d_entropy: float) -> tuple[F32, F32 | None]:
        outputs, on, _ = judged.kept
        p = _sigmoid(outputs)
        d_outputs: F32 = d_log_prob * (on - p)
        if d_entropy:
            d_outputs -= d_entropy * outputs * p * (1 - p)
        return d_outputs, None


class Gaussian:
    """K numbers, independent, with a standard deviation that does not depend on the state."""

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> F32:
        return rng.standard_normal(shape, np.float32)

    def draw(self, outputs: F32, log_std: F32 | None, noise: F32) -> NDArray[Any]:
        return (outputs + np.exp(_there(log_std))[:, None] * noise).T

    def mode(self, outputs: F32) -> NDArray[Any]:
        return outputs.T.copy()

    def judge(self, outputs: F32, log_std: F32 | None, action: NDArray[Any]) -> Judged:
        log_std = _there(log_std)
        inverse = np.exp(-log_std)[:, None]
        z = (action.T - outputs) * inverse
        constant = log_std.sum() + np.float32(0.5 * LOG_2PI * len(log_std))
        return Judged(-0.5 * (z * z).sum(axis=0) - constant, (z, inverse, log_std))

    def entropy(self, judged: Judged) -> F32:
        z, _, log_std = judged.kept
        return np.full(z.shape[1], log_std.sum() + 0.5 * (1 + LOG_2PI) * len(log_std), np.float32)

    def backward(self, judged: Judged, d_log_prob: F32, d_entropy: float) -> tuple[F32, F32 | None]:
        z, inverse, _ = judged.kept
        weighted = z * d_log_prob
        d_log_std: F32 = (weighted * z).sum(axis=1) - d_log_prob.sum()
        d_log_std += d_entropy * z.shape[1]
        weighted *= inverse
        return weighted, d_log_std


def head_of(action: ActionFacts) -> Head:
    """The distribution for a kind of action; squashed ones are torch's alone."""
    if action.kind == "categorical":
        return Categorical()
    if action.kind == "multi_categorical":
        return MultiCategorical(action.sizes)
    if action.kind == "bernoulli":
        return Bernoulli()
    if action.kind == "gaussian":
        return Gaussian()
    raise ValueError(f"no closed form here for {action.kind} actions")


def _sigmoid(x: F32) -> F32:
    found: F32 = np.float32(1) / (np.float32(1) + np.exp(-x))
    return found


def _there(log_std: F32 | None) -> F32:
    assert log_std is not None
    return log_std
