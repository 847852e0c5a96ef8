"""A PPO whose network is computed again in the backward pass, and counts how often."""

from __future__ import annotations

import gymnasium
import torch
from torch import nn
from torch.distributions import Categorical
from torch.utils.checkpoint import checkpoint

torch.manual_seed(1)


class Body(nn.Module):
    calls = 0

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh())

    def forward(self, obs):
        Body.calls += 1
        return self.layers(obs)


body, policy, value = Body(), nn.Linear(16, 2), nn.Linear(16, 1)
optimizer = torch.optim.Adam([*body.parameters(), *policy.parameters(), *value.parameters()], lr=1e-3)
env = gymnasium.make("CartPole-v1")
obs, _ = env.reset(seed=1)
for update in range(3):
    rows = []
    body.eval()
    for _ in range(32):
        with torch.no_grad():
            h = body(torch.as_tensor(obs)[None])
            dist = Categorical(logits=policy(h)[0])
            action = dist.sample()
        rows.append((torch.as_tensor(obs), action, dist.log_prob(action), value(h)[0, 0].detach()))
        obs, reward, terminated, truncated, _ = env.step(int(action))
        if terminated or truncated:
            obs, _ = env.reset()
    o, a, old, v = (torch.stack(column) for column in zip(*rows, strict=True))
    body.train()
    for _ in range(3):
        h = checkpoint(body, o, use_reentrant=False)
        ratio = (Categorical(logits=policy(h)).log_prob(a) - old).exp()
        advantage = 1.0 - v
        loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
        loss = loss + (value(h)[:, 0] - 1.0).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(update, Body.calls, f"{float(loss.detach()):.9g}", flush=True)
