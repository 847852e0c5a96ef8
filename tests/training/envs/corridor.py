"""A tiny environment whose every step is known: it counts, rewards the count, and ends as it is told."""

from __future__ import annotations

import gymnasium as gym
import numpy as np


class Corridor(gym.Env):
    """Observation [episode, position]; the reward is the position reached.

    Ends at position `end` (terminated) or after `limit` steps (truncated), whichever comes first, or both.
    """

    def __init__(self, end=3, limit=100):
        self.observation_space = gym.spaces.Box(-1000.0, 1000.0, (2,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        self.end, self.limit = end, limit
        self.episode, self.position, self.steps = -1, 0, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.position, self.steps = self.episode + 1, 0, 0
        return self._seen(), {}

    def step(self, action):
        over = self.position >= self.end or self.steps >= self.limit
        assert not over, "stepped after its end"
        self.position += int(action)
        self.steps += 1
        return self._seen(), float(self.position), self.position >= self.end, self.steps >= self.limit, {}

    def _seen(self):
        return np.array([self.episode, self.position], np.float32)
