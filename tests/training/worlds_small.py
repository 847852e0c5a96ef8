"""Tiny environments with known answers."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class OneStepLater(gym.Env):
    """Two steps; the reward 1 comes with the second. The value of the first state is gamma, of the second 1."""

    observation_space = spaces.Box(0, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.ones(1, np.float32), float(self.t == 2), self.t == 2, False, {}


class CutForEver(gym.Env):
    """Pays 1 a step for ever and is cut off after 5: only who bootstraps there learns 1 / (1 - gamma)."""

    observation_space = spaces.Box(0, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.ones(1, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.ones(1, np.float32), 1.0, False, self.t == 5, {}


class Recall(gym.Env):
    """A cue at the first of four steps, nothing then; only at the last the action counts, and it has to be the cue."""

    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t, self.cue = 0, int(self.np_random.integers(2))
        return np.array([2 * self.cue - 1, 0], np.float32), {}

    def step(self, action):
        self.t += 1
        reward = float(action == self.cue) if self.t == 4 else 0.0
        return np.array([0, self.t == 3], np.float32), reward, self.t == 4, False, {}


class Doors(gym.Env):
    """One of 20 doors is open, the observation does not say which, the mask does; a closed one raises."""

    observation_space = spaces.Box(0, 1, (1,), np.float32)
    action_space = spaces.Discrete(20)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self._see()

    def _see(self):
        self.open = self.np_random.integers(20, size=2)
        mask = np.zeros(20, np.int8)
        mask[self.open] = 1
        return np.ones(1, np.float32), {"action_mask": mask}

    def step(self, action):
        if action not in self.open:
            raise AssertionError(f"door {action} is closed")
        self.t += 1
        observation, info = self._see()
        return observation, float(action < 10), self.t == 8, False, info


class Hollow(gym.Env):
    """Samples of the spaces given; ends now and then, of itself and cut. Refuses actions outside of the space."""

    def __init__(self, observation, action):
        self.observation_space, self.action_space = observation, action

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.t += 1
        return self.observation_space.sample(), 1.0, self.t % 7 == 0, self.t >= 10, {}
