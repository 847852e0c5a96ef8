import numpy as np


class RunningMeanStd:
    """Mean and standard deviation of everything seen so far, by Welford's method."""

    def __init__(self, shape):
        self.n = 0
        self.mean = np.zeros(shape)
        self.S = np.zeros(shape)
        self.std = np.ones(shape)

    def update(self, x):
        self.n += 1
        old_mean = self.mean.copy()
        self.mean = old_mean + (x - old_mean) / self.n
        self.S = self.S + (x - old_mean) * (x - self.mean)
        if self.n > 1:
            self.std = np.sqrt(self.S / self.n)


class Normalization:
    def __init__(self, shape):
        self.running_ms = RunningMeanStd(shape=shape)

    def __call__(self, x, update=True):
        if update:
            self.running_ms.update(x)
        return (x - self.running_ms.mean) / (self.running_ms.std + 1e-8)


class RewardScaling:
    """Divides rewards by the standard deviation of the discounted return so far."""

    def __init__(self, shape, gamma):
        self.shape = shape
        self.gamma = gamma
        self.running_ms = RunningMeanStd(shape=self.shape)
        self.R = np.zeros(self.shape)

    def __call__(self, x):
        self.R = self.gamma * self.R + x
        self.running_ms.update(self.R)
        return x / (self.running_ms.std + 1e-8)

    def reset(self):
        self.R = np.zeros(self.shape)
