"""A PPO that copies, pickles, saves, scripts, traces and compiles its networks, and deep-copies its environment."""

from __future__ import annotations

import copy
import io
import pickle
import weakref

import gymnasium
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(11)


@torch.jit.script
def discounted(rewards: torch.Tensor, gamma: float) -> torch.Tensor:
    total = torch.zeros(1)
    found = torch.zeros_like(rewards)
    for i in range(rewards.shape[0]):
        t = rewards.shape[0] - 1 - i
        total = total * gamma + rewards[t]
        found[t] = total[0]
    return found


class Policy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 16), nn.Tanh())
        self.pi = nn.Linear(16, 2)
        self.v = nn.Linear(16, 1)

    def forward(self, obs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.body(obs)
        return self.pi(h), self.v(h).squeeze(-1)


def total(module):
    return f"{sum(float(p.detach().double().sum()) for p in module.parameters()):.17g}"


def collect(env, policy, obs, steps):
    rows = []
    for _ in range(steps):
        with torch.no_grad():
            logits, value = policy(torch.as_tensor(obs))
            dist = Categorical(logits=logits)
            action = dist.sample()
        following, reward, terminated, truncated, _ = env.step(int(action))
        rows.append((torch.as_tensor(obs), action, dist.log_prob(action), value, torch.tensor(float(reward))))
        obs = env.reset()[0] if terminated or truncated else following
    return [torch.stack(column) for column in zip(*rows, strict=True)], obs


def learn(policy, optimizer, batch):
    obs, action, old, value, reward = batch
    target = discounted(reward, 0.98)
    advantage = target - value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    for _ in range(4):
        logits, new_value = policy(obs)
        ratio = (Categorical(logits=logits).log_prob(action) - old).exp()
        loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
        loss = loss + 0.5 * (new_value - target).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss


env = gymnasium.make("CartPole-v1")
obs, _ = env.reset(seed=11)
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
for update in range(3):
    old_policy = copy.deepcopy(policy)
    twin_env = copy.deepcopy(env)
    batch, obs = collect(env, old_policy, obs, 48)
    loss = learn(policy, optimizer, batch)
    print(update, total(policy), total(old_policy), f"{float(loss):.17g}", twin_env.step(0)[1], flush=True)

again = pickle.loads(pickle.dumps(policy))
file = io.BytesIO()
torch.save({"whole": policy, "optimizer": optimizer.state_dict(), "env": pickle.dumps(env)}, file)
file.seek(0)
loaded = torch.load(file, weights_only=False)
pickle.loads(loaded["env"]).step(1)
weights = io.BytesIO()
torch.save(policy.state_dict(), weights)
weights.seek(0)
fresh = Policy()
fresh.load_state_dict(torch.load(weights, weights_only=True))
print(total(again), total(loaded["whole"]), total(fresh), len(file.getvalue()), len(weights.getvalue()))

scripted = torch.jit.script(policy)
traced = torch.jit.trace(policy, torch.zeros(1, 4))
compiled = torch.compile(policy, backend="eager")
symbolic = torch.fx.symbolic_trace(policy)
print(len(list(symbolic.graph.nodes)), scripted.graph.kind() if hasattr(scripted.graph, "kind") else "graph")
mapped = torch.func.vmap(lambda o: torch.func.functional_call(policy, dict(policy.named_parameters()), (o,))[1])
print(f"{float(mapped(torch.ones(3, 4)).sum().detach()):.17g}")
for network in (scripted, traced, compiled):
    for _ in range(2):
        batch, obs = collect(env, network, obs, 32)
        loss = learn(network, optimizer, batch)
    print(total(policy), f"{float(loss):.17g}", flush=True)

# what the script drops is gone: nobody else holds it
reference = weakref.ref(batch[0])
del batch, loss
print(reference() is None)
