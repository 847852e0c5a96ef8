import torch


class RolloutBuffer:
    """Fixed arrays [steps, boats]; `compute` fills advantages and value targets."""

    def __init__(self, steps, boats, n_obs):
        self.obs = torch.zeros(steps, boats, n_obs)
        self.actions = torch.zeros(steps, boats, dtype=torch.int64)
        self.log_probs = torch.zeros(steps, boats)
        self.rewards = torch.zeros(steps, boats)
        self.values = torch.zeros(steps, boats)
        self.ended = torch.zeros(steps, boats)
        self.advantages = torch.zeros(steps, boats)
        self.targets = torch.zeros(steps, boats)
        self.pos = 0

    def add(self, obs, action, log_prob, value, reward, ended):
        i = self.pos
        self.obs[i], self.actions[i], self.log_probs[i] = obs, action, log_prob
        self.values[i], self.rewards[i], self.ended[i] = value, reward, ended
        self.pos += 1

    def compute(self, last_value, gamma, lmbda):
        following, running = last_value, torch.zeros_like(last_value)
        for i in reversed(range(self.pos)):
            going_on = 1.0 - self.ended[i]
            delta = self.rewards[i] + gamma * following * going_on - self.values[i]
            running = delta + gamma * lmbda * going_on * running
            self.advantages[i] = running
            following = self.values[i]
        self.targets = self.advantages + self.values
        self.pos = 0

    def minibatches(self, size):
        columns = (self.obs, self.actions, self.log_probs, self.advantages, self.targets)
        flat = [c.reshape(-1, *c.shape[2:]) for c in columns]
        for ids in torch.randperm(flat[0].shape[0]).split(size):
            yield [c[ids] for c in flat]
