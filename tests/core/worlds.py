"""A little world of known endings, stepped from Python into a learner, and what numpy makes of the same rollout."""

from __future__ import annotations

import numpy as np

from ppodoctor.config import PPOConfig
from ppodoctor.core import Learner, Spec


class Script:
    """N environments that follow a drawn script: observations, rewards and ends have nothing to do with actions."""

    def __init__(self, config: PPOConfig, inputs: int, seed: int, ending: float = 0.15) -> None:
        shape, rng = (config.rollout_steps, config.num_envs), np.random.default_rng(seed)
        self.first = rng.standard_normal((config.num_envs, inputs)).astype(np.float32)
        self.next = (2 * rng.standard_normal((*shape, inputs)) + 1).astype(np.float32)
        self.final = (2 * rng.standard_normal((*shape, inputs)) + 1).astype(np.float32)
        self.reward = (3 * rng.standard_normal(shape)).astype(np.float32)
        self.terminated = rng.random(shape) < ending
        self.truncated = rng.random(shape) < ending
        self.valid = rng.random(shape) > ending / 2

    def play(self, learner: Learner, *, start: bool = True) -> list[np.ndarray]:
        """One rollout; the actions taken."""
        if start:
            learner.start(self.first)
        actions = []
        for t in range(len(self.reward)):
            actions.append(learner.act().copy())
            ends = self.terminated[t], self.truncated[t]
            learner.observe(self.next[t], self.reward[t], ends, self.final[t], self.valid[t])
        return actions


def learner_for(config: PPOConfig, inputs: int = 3, spec: Spec | None = None) -> Learner:
    """With random weights that tell states apart."""
    learner = Learner(config, spec or Spec(inputs, (3,)))
    rng = np.random.default_rng(config.seed)
    learner.fill(
        {name: rng.standard_normal(value.shape).astype(np.float32) for name, value in learner.tensors().items()}
    )
    return learner
