"""PPO with separate policy and value optimizers, a path-wise GAE buffer and early stopping on the KL divergence."""
import argparse

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, Normal
from torch.optim import Adam


def discount_cumsum(x, discount):
    out = np.zeros(len(x), dtype=np.float32)
    running = 0.0
    for i in range(len(x) - 1, -1, -1):
        running = x[i] + discount * running
        out[i] = running
    return out


def mlp(sizes, output_gain=1.0):
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i < len(sizes) - 2:
            layers.append(nn.Tanh())
    with torch.no_grad():
        layers[-1].weight.mul_(output_gain)
    return nn.Sequential(*layers)


class PathBuffer:
    """Stores whole paths; every path is closed with the value of the state it stopped in."""

    def __init__(self, obs_dim, act_shape, size, gamma, lam):
        self.obs_buf = np.zeros((size, obs_dim), dtype=np.float32)
        self.act_buf = np.zeros((size, *act_shape), dtype=np.float32)
        self.adv_buf = np.zeros(size, dtype=np.float32)
        self.ret_buf = np.zeros(size, dtype=np.float32)
        self.rew_buf = np.zeros(size, dtype=np.float32)
        self.val_buf = np.zeros(size, dtype=np.float32)
        self.logp_buf = np.zeros(size, dtype=np.float32)
        self.gamma, self.lam, self.size = gamma, lam, size
        self.ptr, self.path_start = 0, 0

    def store(self, obs, act, rew, val, logp):
        i = self.ptr
        self.obs_buf[i], self.act_buf[i], self.rew_buf[i] = obs, act, rew
        self.val_buf[i], self.logp_buf[i] = val, logp
        self.ptr += 1

    def finish_path(self, last_val):
        path = slice(self.path_start, self.ptr)
        rews = np.append(self.rew_buf[path], last_val)
        vals = np.append(self.val_buf[path], last_val)
        deltas = rews[:-1] + self.gamma * vals[1:] - vals[:-1]
        self.adv_buf[path] = discount_cumsum(deltas, self.gamma * self.lam)
        self.ret_buf[path] = discount_cumsum(rews, self.gamma)[:-1]
        self.path_start = self.ptr

    def get(self):
        assert self.ptr == self.size
        self.ptr, self.path_start = 0, 0
        adv = (self.adv_buf - self.adv_buf.mean()) / (self.adv_buf.std() + 1e-8)
        data = dict(obs=self.obs_buf, act=self.act_buf, ret=self.ret_buf, adv=adv, logp=self.logp_buf)
        return {k: torch.tensor(v, dtype=torch.float32) for k, v in data.items()}


class Policy(nn.Module):
    def __init__(self, obs_dim, space):
        super().__init__()
        self.discrete = isinstance(space, gym.spaces.Discrete)
        out_dim = space.n if self.discrete else space.shape[0]
        self.net = mlp([obs_dim, 64, 64, out_dim], output_gain=0.01)
        if not self.discrete:
            self.log_std = nn.Parameter(-0.5 * torch.ones(out_dim))

    def forward(self, obs):
        if self.discrete:
            return Categorical(logits=self.net(obs))
        return Normal(self.net(obs), self.log_std.exp())

    def log_prob(self, dist, act):
        return dist.log_prob(act) if self.discrete else dist.log_prob(act).sum(-1)


def ppo(env_name="CartPole-v1", seed=0, total_steps=80_000, steps_per_epoch=2000, gamma=0.99, lam=0.97, clip_ratio=0.2,
        pi_lr=1e-3, vf_lr=2e-3, train_pi_iters=40, train_v_iters=40, target_kl=0.015):
    torch.manual_seed(seed)
    np.random.seed(seed)
    env = gym.make(env_name)
    obs_dim = env.observation_space.shape[0]
    pi = Policy(obs_dim, env.action_space)
    v = mlp([obs_dim, 64, 64, 1])
    pi_optimizer = Adam(pi.parameters(), lr=pi_lr)
    vf_optimizer = Adam(v.parameters(), lr=vf_lr)
    buf = PathBuffer(obs_dim, env.action_space.shape, steps_per_epoch, gamma, lam)

    def compute_loss_pi(data):
        dist = pi(data["obs"])
        logp = pi.log_prob(dist, data["act"])
        ratio = torch.exp(logp - data["logp"])
        clip_adv = torch.clamp(ratio, 1 - clip_ratio, 1 + clip_ratio) * data["adv"]
        loss_pi = -(torch.min(ratio * data["adv"], clip_adv)).mean()
        log_ratio = (logp - data["logp"]).detach()
        approx_kl = (log_ratio.exp() - 1 - log_ratio).mean().item()
        return loss_pi, approx_kl

    def compute_loss_v(data):
        return ((v(data["obs"]).squeeze(-1) - data["ret"]) ** 2).mean()

    def update():
        data = buf.get()
        for i in range(train_pi_iters):
            pi_optimizer.zero_grad()
            loss_pi, kl = compute_loss_pi(data)
            if kl > 1.5 * target_kl:
                break
            loss_pi.backward()
            pi_optimizer.step()
        for _ in range(train_v_iters):
            vf_optimizer.zero_grad()
            loss_v = compute_loss_v(data)
            loss_v.backward()
            vf_optimizer.step()
        return i, kl

    o, _ = env.reset(seed=seed)
    ep_ret, finished = 0.0, []
    for epoch in range(total_steps // steps_per_epoch):
        for t in range(steps_per_epoch):
            with torch.no_grad():
                obs = torch.as_tensor(o, dtype=torch.float32)
                dist = pi(obs)
                a = dist.sample()
                logp = pi.log_prob(dist, a)
                val = v(obs)
            o2, r, terminated, truncated, _ = env.step(a.numpy())
            ep_ret += r
            buf.store(o, a.numpy(), r, val.item(), logp.item())
            o = o2
            if terminated or truncated or t == steps_per_epoch - 1:
                if terminated:
                    last_val = 0.0
                else:
                    with torch.no_grad():
                        last_val = v(torch.as_tensor(o, dtype=torch.float32)).item()
                buf.finish_path(last_val)
                if terminated or truncated:
                    finished.append(ep_ret)
                ep_ret = 0.0
                o, _ = env.reset()
        stop_iter, kl = update()
        shown = np.mean(finished[-20:]) if finished else float("nan")
        print(f"epoch {epoch:3d}  EpRet {shown:8.1f}  KL {kl:.4f}  StopIter {stop_iter}", flush=True)
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--seed", "-s", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=80_000)
    cli = parser.parse_args()
    ppo(cli.env, seed=cli.seed, total_steps=cli.total_steps)
