"""The settings that every measurement of this trainer's speed has in common."""

from __future__ import annotations

from judging import LONGEST

from ppodoctor.config import PPOConfig


def workload(kind: str, num_envs: int, seed: int) -> PPOConfig:
    """For `steady` and `start` those of the benchmark's workload (a); for `solve` rl-zoo3's, as `sb3.py` has them."""
    if kind == "solve":
        return PPOConfig(
            total_steps=LONGEST, num_envs=8, rollout_steps=32, minibatches=1, epochs=20, gamma=0.98, gae_lambda=0.8,
            learning_rate=1e-3, learning_rate_schedule="constant", seed=seed,
        )  # fmt: skip
    return PPOConfig(
        total_steps=10**9, num_envs=num_envs, epochs=4, learning_rate=2.5e-4, clip_range_value=0.2,
        entropy_coefficient=0.01, seed=seed,
    )  # fmt: skip
