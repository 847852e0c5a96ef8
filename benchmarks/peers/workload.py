"""The settings that every measurement of speed has in common, for all trainers."""

from __future__ import annotations

import os

from judging import LONGEST

from ppodoctor.config import PPOConfig

WARM = {"": 4, "pixels": 1}
"""Updates that are left out before measuring, by task; on pixels one takes seconds."""


def workload(kind: str, num_envs: int, seed: int, task: str = "CartPole-v1") -> PPOConfig:
    """For `steady` and `start` those of the benchmark's workload (a); for `solve` rl-zoo3's.

    Continuous actions come with scaled observations and rewards, as they are used, and as CleanRL always has them.
    """
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    if kind == "solve":
        return PPOConfig(
            total_steps=LONGEST, num_envs=8, rollout_steps=32, minibatches=1, epochs=20, gamma=0.98, gae_lambda=0.8,
            learning_rate=1e-3, learning_rate_schedule="constant", seed=seed, threads=threads,
        )  # fmt: skip
    scaled = task.startswith("HalfCheetah")
    return PPOConfig(
        total_steps=10**9, num_envs=num_envs, epochs=4, learning_rate=2.5e-4, clip_range_value=0.2,
        entropy_coefficient=0.01, seed=seed, threads=threads, normalise_observations=scaled, normalise_rewards=scaled,
    )  # fmt: skip
