"""Learning rate, clip range and entropy weight of each update."""

from __future__ import annotations

from dataclasses import dataclass

from ppodoctor.config import PPOConfig

SLOWEST, FASTEST, FACTOR = 1e-6, 1e-2, 1.5
"""Bounds and step of the KL-adaptive learning rate (Rudin et al. 2022, as in rsl_rl)."""


@dataclass(frozen=True)
class Rates:
    """What is in force during one update."""

    learning_rate: float
    clip_range: float
    clip_range_value: float
    entropy_coefficient: float


class Schedule:
    """Gives the rates of each update; the adaptive learning rate learns from the divergence of the last one."""

    def __init__(self, config: PPOConfig) -> None:
        self.config = config
        self.learning_rate = config.learning_rate

    def rates(self, update: int) -> Rates:
        """Rates of update number `update`, from 1. Linear ones would reach 0 one update after the last."""
        config = self.config
        left = 1.0 - (update - 1) / config.updates
        return Rates(
            learning_rate=self.learning_rate * (left if config.learning_rate_schedule == "linear" else 1.0),
            clip_range=config.clip_range * (left if config.clip_range_schedule == "linear" else 1.0),
            clip_range_value=config.clip_range_value * (left if config.clip_range_schedule == "linear" else 1.0),
            entropy_coefficient=config.entropy_coefficient * (left if config.entropy_schedule == "linear" else 1.0),
        )

    def saw(self, kl: float) -> None:
        """The last update moved the policy so far [nats]: twice the aim slows down, half of it speeds up."""
        if self.config.learning_rate_schedule != "kl_adaptive":
            return
        if kl > 2 * self.config.target_kl:
            self.learning_rate = max(SLOWEST, self.learning_rate / FACTOR)
        elif 0 <= kl < self.config.target_kl / 2:
            self.learning_rate = min(FASTEST, self.learning_rate * FACTOR)
