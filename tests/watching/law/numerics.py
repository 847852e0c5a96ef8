"""A PPO in which much is unusual that torch allows: float64, changes in place, dropout, hooks, modes, steps by hand."""

# ruff: noqa: NPY002 - the global generator is what is tested
from __future__ import annotations

import random
import sys

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Normal
from torch.overrides import TorchFunctionMode

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
np.random.seed(3)
random.seed(3)


class Cube(torch.autograd.Function):
    """An operation of one's own, with its own backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * grad


class Counted(TorchFunctionMode):
    """A function mode of the script's own."""

    calls = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        Counted.calls += 1
        return function(*args, **(kwargs or {}))


gradients = []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 16)
        self.drop = nn.Dropout(0.2)
        self.norm = nn.BatchNorm1d(16)
        self.second = nn.Linear(16, 16)
        self.mean = nn.Linear(16, 1)
        self.value = nn.Linear(16, 1)
        self.log_std = nn.Parameter(torch.zeros(1))

    def forward(self, obs):
        h = torch.relu_(self.first(obs))
        h = self.norm(self.drop(h))
        h = torch.tanh(self.second(h))
        if h.requires_grad:
            h.register_hook(gradients.append)
        return Normal(self.mean(h), self.log_std.exp()), self.value(h)


net = Net()
with torch.no_grad():
    net.mean.weight.mul_(0.1)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
net.mean.weight.register_hook(lambda grad: grad * 0.9)
env = gymnasium.make("Pendulum-v1")
obs, _ = env.reset(seed=3)

for update in range(6):
    rows = []
    net.eval()
    for step in range(32):
        net.drop.train(step % 3 == 0)  # dropout while acting, too
        no_gradient = torch.no_grad() if step % 2 else torch.inference_mode()
        with no_gradient:
            dist, value = net(torch.as_tensor(obs, dtype=torch.float64)[None])
            action = dist.sample()
            log_prob = dist.log_prob(action)
        following, reward, terminated, truncated, _ = env.step(action.numpy()[0] + 1e-3 * random.random())
        rows.append([x.clone() for x in (torch.as_tensor(obs, dtype=torch.float64), action[0], log_prob[0], value[0])])
        rows[-1].append(torch.tensor([float(reward)]))
        obs = env.reset()[0] if terminated or truncated else following
    o, a, old, v, r = (torch.stack(column) for column in zip(*rows, strict=True))
    with torch.no_grad():  # mapped over the samples: a layer meets tensors that have no memory of their own
        v = v + 1e-9 * torch.vmap(net.first)(o).sum(1, keepdim=True)
    target = torch.zeros_like(r)
    total = torch.zeros(1)
    for t in reversed(range(len(r))):
        total.mul_(0.95).add_(r[t])
        target[t] = total
    advantage = target - v
    advantage.sub_(advantage.mean()).div_(advantage.std() + 1e-8)
    net.train()
    for epoch in range(3):
        order = np.random.permutation(len(r))
        for part in np.array_split(order, 2):
            part = torch.as_tensor(part)
            with torch.device("cpu"), Counted():
                dist, value = net(o[part])
                ratio = (dist.log_prob(a[part]) - old[part]).exp()
                objective = torch.min(ratio * advantage[part], ratio.clamp(0.8, 1.2) * advantage[part])
                policy_loss = objective.mean().neg_()
                value_loss = (value - target[part]).div_(20.0).pow(2).mean()
                extra = Cube.apply(net.log_std).abs().sum() * 1e-3
            optimizer.zero_grad()
            if epoch == 0:
                policy_loss.backward(retain_graph=True)
                (0.5 * value_loss + extra).backward()
                nn.utils.clip_grad_norm_((p for p in net.parameters()), 0.5)
                optimizer.step()
            elif epoch == 1:
                grads = torch.autograd.grad(policy_loss + 0.5 * value_loss, list(net.parameters()), allow_unused=True)
                with torch.no_grad():
                    for p, g in zip(net.parameters(), grads, strict=True):
                        if g is not None:
                            p.sub_(1e-3 * g)
            else:
                torch.autograd.backward([policy_loss + extra, 0.5 * value_loss])
                grown = torch.autograd.grad(net(o[part])[1].sum(), net.value.weight, create_graph=True)[0]
                (1e-6 * grown.pow(2).sum()).backward()
                optimizer.step(lambda: None)
    print(update, f"{float(policy_loss):.17g} {float(value_loss):.17g} {float(advantage.sum()):.17g}", flush=True)

norm = float(sum(gradient.norm() for gradient in gradients))
print(len(gradients), f"{norm:.17g}", Counted.calls, random.random(), np.random.rand(), file=sys.stderr)
sys.exit(7)
