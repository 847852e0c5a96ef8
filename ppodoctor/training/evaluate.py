"""`evaluate`: what a trained policy is worth, in new episodes, with nothing learning any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs import Envs
from ppodoctor.training.policy import Policy
from ppodoctor.training.scores import Estimate, interval, iqm, mean
from ppodoctor.training.trained import Trained

F64 = NDArray[np.float64]
AT_ONCE = 16
"""Environments stepped side by side."""
FRESH = 1_000_003
"""Added to the seed of training where no other is given: episodes that no training with a nearby seed has seen."""


@dataclass(frozen=True)
class Score:
    """The episodes of one way of acting."""

    deterministic: bool
    """The most probable action, or the mean, in place of a draw."""
    returns: F64
    """[E] of the episodes, rewards as the environment gave them."""
    lengths: NDArray[np.int64]
    """[E] environment steps."""
    seed: int

    @property
    def mean(self) -> Estimate:
        """Of the returns."""
        return interval(self.returns, mean)

    @property
    def iqm(self) -> Estimate:
        """Mean of the middle half of the returns."""
        return interval(self.returns, iqm)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "deterministic": self.deterministic,
            "episodes": len(self.returns),
            "seed": self.seed,
            "mean": self.mean.to_dict(),
            "iqm": self.iqm.to_dict(),
            "std": float(self.returns.std()),
            "min": float(self.returns.min()),
            "max": float(self.returns.max()),
            "length_mean": float(self.lengths.mean()),
            "returns": self.returns.tolist(),
            "lengths": self.lengths.tolist(),
        }


def evaluate(
    run: str | Path | Trained, *, episodes: int = 100, seed: int | None = None, deterministic: bool = False
) -> Score:
    """Play new episodes with a trained policy, its normaliser frozen.

    Args:
        run: A run folder, a policy file, or what `Trained.load` made of one.
        episodes: How many.
        seed: Of environments and draws; without it one that training did not use.
        deterministic: Take the most probable action, or the mean, in place of a draw.

    Raises:
        PolicyFileError: there is no policy.
        ConfigError: its environment has to be given again.
    """
    trained = run if isinstance(run, Trained) else Trained.load(run)
    seed = trained.policy.config.seed + FRESH if seed is None else seed
    envs = trained.make(min(episodes, AT_ONCE))
    try:
        policy = replace(trained.policy, seed=seed, _actors={})
        returns, lengths = play_episodes(policy, envs, episodes, seed, deterministic=deterministic)
    finally:
        envs.close()
    return Score(deterministic, returns, lengths, seed)


def play_episodes(
    policy: Policy, envs: Envs, episodes: int, seed: int, *, deterministic: bool
) -> tuple[F64, NDArray[np.int64]]:
    """(returns, lengths) [episodes]. Each environment plays its share: the first to end would be the short ones."""
    count = envs.num_envs
    share = np.full(count, episodes // count) + (np.arange(count) < episodes % count)
    found: list[list[tuple[float, int]]] = [[] for _ in range(count)]
    observation, mask = envs.reset(seed)
    starts = np.ones(count, np.bool_)
    while any(len(one) < wanted for one, wanted in zip(found, share, strict=True)):
        step = envs.step(policy.actions(observation, mask=mask, starts=starts, deterministic=deterministic))
        for ended in step.episodes:
            if len(found[ended.env]) < share[ended.env]:
                found[ended.env].append((ended.ret, ended.length))
        observation, mask = step.observation, step.action_mask
        starts = step.terminated | step.truncated | ~step.valid
    every = [one for ones in found for one in ones]
    return np.array([one[0] for one in every], np.float64), np.array([one[1] for one in every], np.int64)
