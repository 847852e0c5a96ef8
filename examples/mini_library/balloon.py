import gymnasium as gym
import numpy as np


class Balloon(gym.Env):
    """Hold the height that was ordered. Vent, drift, burn or burn hard; hot air cools, and carries with a delay.

    Observation: height and ordered height (of the ceiling), climb (m/s, tenths), heat above balance. The flight ends
    on the ground or at the ceiling.
    """

    ceiling, heating = 240.0, np.array([-0.35, 0.0, 0.3, 0.7])

    def __init__(self):
        self.observation_space = gym.spaces.Box(-5.0, 5.0, (4,), np.float32)
        self.action_space = gym.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.height, self.target = self.np_random.uniform(50.0, 190.0, 2)
        self.climb, self.heat = self.np_random.uniform(-2.0, 2.0), self.np_random.uniform(-0.5, 0.5)
        return self._observation(), {}

    def step(self, action):
        self.heat += self.heating[action] - 0.12 * (self.heat + 1.0)
        self.climb += 2.0 * self.heat - 0.1 * self.climb + self.np_random.normal(0.0, 0.3)
        self.height += self.climb
        ended = not 0.0 < self.height < self.ceiling
        error = abs(self.height - self.target) / 20.0
        reward = 1.0 / (1.0 + error**2) - 0.1 * max(0.0, self.heating[action]) - 4.0 * ended
        return self._observation(), float(reward), ended, False, {}

    def _observation(self):
        level, order = 2.0 * np.array([self.height, self.target]) / self.ceiling - 1.0
        return np.array([level, order, self.climb / 10.0, self.heat], np.float32).clip(-5.0, 5.0)


gym.register("Balloon-v0", entry_point=Balloon, max_episode_steps=60)


def make_env():
    return gym.wrappers.RecordEpisodeStatistics(gym.make("Balloon-v0"))
