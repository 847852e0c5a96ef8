import gymnasium as gym
import numpy as np


class StirredReactor(gym.Env):
    """Hold an exothermic reaction at a set temperature where it is unstable, and meet the demand for product.

    Action: coolant temperature, which follows with a lag, and feed rate, each as a fraction of its range. The
    batch is lost when the reactor runs away or goes cold. Observation: conversion, temperature, what is missing
    to the set temperature, demand, temperature of the inflow and of the coolant.
    """

    da, heat, jacket, dt = 0.072, 8.0, 0.3, 0.1

    def __init__(self):
        self.action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (6,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.conversion = self.np_random.uniform(0.35, 0.55)
        self.temperature = self.np_random.uniform(2.2, 3.2)
        self.target = self.np_random.uniform(2.3, 3.1)
        self.demand = self.np_random.uniform(0.8, 1.2)
        self.coolant, self.inflow = 0.0, 0.0
        return self.observe(), {}

    def step(self, action):
        coolant, feed = np.clip(action, -1.0, 1.0)
        self.coolant += 0.4 * (4.0 * coolant - self.coolant)
        feed = 1.0 + 0.4 * feed
        self.inflow = 0.9 * self.inflow + 0.2 * self.np_random.standard_normal()
        rate = self.da * (1.0 - self.conversion) * np.exp(self.temperature / (1.0 + self.temperature / 20.0))
        cooling = self.jacket * (self.temperature - self.coolant)
        self.conversion += self.dt * (rate - feed * self.conversion)
        self.temperature += self.dt * (self.heat * rate - feed * (self.temperature - self.inflow) - cooling)
        lost = bool(self.temperature > 4.5 or self.temperature < 1.0)
        reward = 1.0 - 1.5 * abs(self.temperature - self.target) - 1.5 * abs(feed - self.demand)
        if lost:
            reward -= 10.0
        return self.observe(), float(reward), lost, False, {}

    def observe(self):
        missing = self.target - self.temperature
        seen = [self.conversion, self.temperature, missing, self.demand, self.inflow, self.coolant]
        return np.array(seen, dtype=np.float32)


ENV_NAME = "StirredReactor-v0"
gym.register(ENV_NAME, entry_point=StirredReactor, max_episode_steps=60)
