"""PPO after the manner of Spinning Up: pi and vf apart, whole-epoch batches, iterations stopped by the KL."""

import argparse
import time
from itertools import accumulate

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
from torch.distributions.categorical import Categorical

# cosines and sines are fine as they are, the two angular velocities go up to 4 pi and 9 pi
OBS_SCALE = np.array([1.0, 1.0, 1.0, 1.0, 1.0 / 4.0, 1.0 / 9.0], dtype=np.float32)
REWARD_SCALE = 0.1


def mlp(sizes, activation=nn.Tanh, last_std=1.0):
    """Orthogonal layers; the last one is scaled by last_std."""
    layers = []
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1]):
        hidden = nn.Linear(n_in, n_out)
        nn.init.orthogonal_(hidden.weight, np.sqrt(2))
        nn.init.zeros_(hidden.bias)
        layers += [hidden, activation()]
    last = nn.Linear(sizes[-2], sizes[-1])
    nn.init.orthogonal_(last.weight, last_std)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


def discount_cumsum(x, discount):
    """[x0 + d x1 + d^2 x2, x1 + d x2, x2]"""
    backwards = accumulate(x[::-1], lambda later, now: now + discount * later)
    return np.array(list(backwards)[::-1], dtype=np.float32)


class EpochBuffer:
    """Fixed-size numpy storage for an epoch. finish_path() must be called wherever a trajectory stops."""

    def __init__(self, obs_dim, size, gamma, lam):
        self.obs = np.zeros((size, obs_dim), dtype=np.float32)
        self.act = np.zeros(size, dtype=np.int64)
        self.rew = np.zeros(size, dtype=np.float32)
        self.val = np.zeros(size, dtype=np.float32)
        self.logp = np.zeros(size, dtype=np.float32)
        self.adv = np.zeros(size, dtype=np.float32)
        self.ret = np.zeros(size, dtype=np.float32)
        self.gamma, self.lam = gamma, lam
        self.ptr, self.start, self.max_size = 0, 0, size

    def store(self, obs, act, rew, val, logp):
        assert self.ptr < self.max_size
        self.obs[self.ptr] = obs
        self.act[self.ptr] = act
        self.rew[self.ptr] = rew
        self.val[self.ptr] = val
        self.logp[self.ptr] = logp
        self.ptr += 1

    def finish_path(self, last_val):
        path = slice(self.start, self.ptr)
        vals = np.append(self.val[path], last_val)
        deltas = self.rew[path] + self.gamma * vals[1:] - vals[:-1]
        self.adv[path] = discount_cumsum(deltas, self.gamma * self.lam)
        self.ret[path] = self.adv[path] + self.val[path]
        self.start = self.ptr

    def get(self):
        """All of the epoch as tensors, advantages normalised; empties the buffer."""
        assert self.ptr == self.max_size
        assert self.start == self.ptr
        self.ptr, self.start = 0, 0
        adv_mean, adv_std = self.adv.mean(), self.adv.std()
        normed = (self.adv - adv_mean) / (adv_std + 1e-8)
        columns = dict(obs=self.obs, act=self.act, logp=self.logp, adv=normed, ret=self.ret)
        return {k: torch.tensor(x) for k, x in columns.items()}


class ActorCritic:
    def __init__(self, obs_dim, n_actions, hidden=(64, 64)):
        self.pi = mlp([obs_dim, *hidden, n_actions], last_std=0.01)
        self.vf = mlp([obs_dim, *hidden, 1])

    def policy(self, obs):
        return Categorical(logits=self.pi(obs))

    def value(self, obs):
        return self.vf(obs).squeeze(-1)

    @torch.no_grad()
    def step(self, obs):
        obs = torch.as_tensor(obs)
        dist = self.policy(obs)
        a = dist.sample()
        return a.item(), self.value(obs).item(), dist.log_prob(a).item()


def train(
    env_name="Acrobot-v1",
    seed=0,
    epochs=300,
    steps_per_epoch=2400,
    gamma=0.99,
    lam=0.95,
    clip_ratio=0.2,
    pi_lr=1e-3,
    vf_lr=2e-3,
    train_pi_iters=60,
    train_v_iters=40,
    target_kl=0.01,
    max_grad_norm=1.0,
):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    env = gym.make(env_name)
    obs_dim, n_actions = env.observation_space.shape[0], env.action_space.n
    ac = ActorCritic(obs_dim, n_actions)
    pi_opt = torch.optim.Adam(ac.pi.parameters(), lr=pi_lr)
    vf_opt = torch.optim.Adam(ac.vf.parameters(), lr=vf_lr)
    buf = EpochBuffer(obs_dim, steps_per_epoch, gamma, lam)

    def pi_loss(data):
        logp = ac.policy(data["obs"]).log_prob(data["act"])
        ratio = torch.exp(logp - data["logp"])
        clipped = torch.clamp(ratio, 1 - clip_ratio, 1 + clip_ratio)
        objective = torch.min(ratio * data["adv"], clipped * data["adv"])
        approx_kl = (data["logp"] - logp).mean().item()
        return -objective.mean(), approx_kl

    def vf_loss(data):
        return ((ac.value(data["obs"]) - data["ret"]) ** 2).mean()

    def update():
        data = buf.get()
        stopped_at = train_pi_iters
        for i in range(train_pi_iters):
            loss, kl = pi_loss(data)
            if kl > 1.5 * target_kl:
                stopped_at = i
                break
            pi_opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(ac.pi.parameters(), max_grad_norm)
            pi_opt.step()
        for _ in range(train_v_iters):
            loss_v = vf_loss(data)
            vf_opt.zero_grad()
            loss_v.backward()
            nn.utils.clip_grad_norm_(ac.vf.parameters(), max_grad_norm)
            vf_opt.step()
        return stopped_at, loss_v.item()

    began = time.time()
    recent = []
    obs, _ = env.reset(seed=seed)
    obs, ep_ret = obs * OBS_SCALE, 0.0
    for epoch in range(1, epochs + 1):
        for t in range(steps_per_epoch):
            a, v, logp = ac.step(obs)
            next_obs, r, terminated, truncated, _ = env.step(a)
            ep_ret += r
            buf.store(obs, a, REWARD_SCALE * r, v, logp)
            obs = next_obs * OBS_SCALE

            epoch_over = t == steps_per_epoch - 1
            if terminated or truncated or epoch_over:
                # a trajectory that was only cut off is worth what the critic makes of its last state
                last_val = 0.0
                if not terminated:
                    _, last_val, _ = ac.step(obs)
                buf.finish_path(last_val)
            if terminated or truncated:
                recent = [*recent[-19:], ep_ret]
                obs, _ = env.reset()
                obs, ep_ret = obs * OBS_SCALE, 0.0
        stopped_at, loss_v = update()
        shown = np.mean(recent) if recent else float("nan")
        print(f"Epoch {epoch:3d} | EpRet {shown:7.1f} | StopIter {stopped_at:2d} | LossV {loss_v:.3f} "
              f"| {time.time() - began:.0f}s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="Acrobot-v1")
    parser.add_argument("--seed", "-s", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=300)
    args = parser.parse_args()
    train(args.env, seed=args.seed, epochs=args.epochs)
