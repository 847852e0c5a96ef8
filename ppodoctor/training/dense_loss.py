"""PPO's loss at the outputs of the networks, and its derivatives there, in closed form.

The same loss as `losses`: -mean(min(r A, clip(r) A)) + value_coefficient * mean(squared error) - c * mean(entropy).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def surrogate_slope(ratio: F32, advantage: F32, clip_range: float) -> F32:
    """[B] derivative of the minimised policy loss at each log-probability: -r A / B, 0 where the clip holds it."""
    held = np.where(advantage > 0, ratio > 1 + clip_range, ratio < 1 - clip_range)
    slope: F32 = ratio * advantage * np.float32(-1.0 / len(ratio))
    slope[held] = 0.0
    return slope


def value_slope(value: F32, target: F32, old_value: F32, coefficient: float, clip_range: float) -> F32:
    """[B] derivative of coefficient * value loss at each value; with `clip_range` that of the larger of both errors."""
    error = value - target
    slope: F32 = error * np.float32(2.0 * coefficient / len(value))
    if clip_range:
        moved = value - old_value
        outside = np.abs(moved) > clip_range
        clipped = old_value + np.clip(moved, -clip_range, clip_range) - target
        slope[outside & (clipped * clipped > error * error)] = 0.0
    return slope


class Adam:
    """Adam (Kingma & Ba 2015) on one flat vector, as torch.optim.Adam computes it."""

    def __init__(self, parameters: F32, epsilon: float) -> None:
        self.parameters = parameters
        self.epsilon = epsilon
        self.steps = 0
        self.first: F32 = np.zeros_like(parameters)
        self.second: F32 = np.zeros_like(parameters)
        self._work: F32 = np.empty_like(parameters)

    def step(self, gradient: F32, learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        """Move the parameters against the gradient, in place. Afterwards `gradient` holds the step taken."""
        self.steps += 1
        work, (beta1, beta2) = self._work, betas
        np.subtract(gradient, self.first, out=work)
        work *= np.float32(1 - beta1)
        self.first += work
        np.multiply(gradient, gradient, out=work)
        work *= np.float32(1 - beta2)
        self.second *= np.float32(beta2)
        self.second += work
        np.sqrt(self.second, out=work)
        work *= np.float32(1 / np.sqrt(1 - beta2**self.steps))
        work += np.float32(self.epsilon)
        np.divide(self.first, work, out=gradient)
        gradient *= np.float32(-learning_rate / (1 - beta1**self.steps))
        self.parameters += gradient
