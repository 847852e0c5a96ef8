import numpy as np


class Harbour:
    """A craft on a line: thrust left, none or right; come close to the berth and stay. No gym, no base class.

    Observation: distance to the berth, speed. The episode fails beyond 2.0 and is cut after 120 steps; the
    cut is told by `info["timeout"]`.
    """

    n_obs = 2
    n_actions = 3
    max_steps = 120

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.state = np.zeros(2)
        self.t = 0

    def reset(self):
        self.t = 0
        self.state = np.array([self.rng.uniform(-1.2, 1.2), self.rng.uniform(-0.1, 0.1)])
        return self._observe()

    def step(self, action):
        x, v = self.state
        v = 0.98 * v + 0.03 * (action - 1) + 0.002 * self.rng.standard_normal()
        x = x + v
        self.state = np.array([x, v])
        self.t += 1
        crashed = abs(x) > 2.0
        reward = 1.0 - abs(x) - 0.5 * abs(v)
        if crashed:
            reward -= 10.0
        timeout = self.t >= self.max_steps and not crashed
        return self._observe(), float(reward), bool(crashed or timeout), {"timeout": timeout}

    def _observe(self):
        return np.array([self.state[0], 5.0 * self.state[1]], dtype=np.float32)
