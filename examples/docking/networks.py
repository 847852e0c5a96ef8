import torch
from torch import nn
from torch.distributions import Categorical


class DockingPolicy(nn.Module):
    """One trunk, two heads."""

    def __init__(self, n_obs, n_actions, width=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_obs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.policy_head = nn.Linear(width, n_actions)
        self.value_head = nn.Linear(width, 1)
        nn.init.orthogonal_(self.policy_head.weight, gain=0.01)
        nn.init.zeros_(self.policy_head.bias)

    def forward(self, obs):
        features = self.trunk(obs)
        return Categorical(logits=self.policy_head(features)), self.value_head(features).squeeze(-1)

    @torch.no_grad()
    def act(self, obs):
        dist, value = self(obs)
        action = dist.sample()
        return action, dist.log_prob(action), value
