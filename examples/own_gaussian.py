"""PPO for a Box action space with its own Gaussian density: the mean and the spread both come from the network."""

import argparse
import math

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class GaussianActor(nn.Module):
    def __init__(self, n_obs, n_act, width=64):
        super().__init__()
        self.hidden1 = nn.Linear(n_obs, width)
        self.hidden2 = nn.Linear(width, width)
        self.mean = nn.Linear(width, n_act)
        self.spread = nn.Linear(width, n_act)
        for head in (self.mean, self.spread):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def forward(self, obs):
        h = torch.tanh(self.hidden1(obs))
        h = torch.tanh(self.hidden2(h))
        return self.mean(h), F.softplus(self.spread(h) + 0.55) + 1e-3


class Critic(nn.Module):
    def __init__(self, n_obs, width=64):
        super().__init__()
        self.hidden1 = nn.Linear(n_obs, width)
        self.hidden2 = nn.Linear(width, width)
        self.value = nn.Linear(width, 1)

    def forward(self, obs):
        return self.value(F.relu(self.hidden2(F.relu(self.hidden1(obs)))))[:, 0]


def log_density(x, mean, std):
    z = (x - mean) / std
    return (-0.5 * z**2 - torch.log(std) - 0.5 * math.log(2 * math.pi)).sum(dim=1)


def gaussian_entropy(std):
    return (0.5 + 0.5 * math.log(2 * math.pi) + torch.log(std)).sum(dim=1)


def collect(envs, actor, critic, obs, n_steps, gamma, lam, log):
    T, N = n_steps, len(envs)
    OBS = np.zeros((T, N, obs.shape[1]), np.float32)
    A = np.zeros((T, N, envs[0].action_space.shape[0]), np.float32)
    LP, R, V, V_NEXT = (np.zeros((T, N), np.float32) for _ in range(4))
    TERMINATED, ENDED = np.zeros((T, N), bool), np.zeros((T, N), bool)
    for t in range(T):
        with torch.no_grad():
            x = torch.from_numpy(obs)
            mean, std = actor(x)
            raw = torch.normal(mean, std)
            LP[t] = log_density(raw, mean, std).numpy()
            V[t] = critic(x).numpy()
        OBS[t], A[t] = obs, raw.numpy()
        reached = obs.copy()
        for i, env in enumerate(envs):
            # the torque is squashed for the environment only; the density belongs to the raw action
            torque = 2.0 * np.clip(A[t, i], -1.0, 1.0)
            reached[i], reward, TERMINATED[t, i], truncated, _ = env.step(torque)
            log["running"][i] += reward
            R[t, i] = 0.1 * (reward + 4.0)
            obs[i] = reached[i]
            ENDED[t, i] = TERMINATED[t, i] or truncated
            if ENDED[t, i]:
                log["done"].append(log["running"][i])
                log["running"][i] = 0.0
                obs[i], _ = env.reset()
        with torch.no_grad():
            V_NEXT[t] = critic(torch.from_numpy(reached)).numpy()

    ADV = np.zeros((T, N), np.float32)
    tail = np.zeros(N, np.float32)
    for t in range(T - 1, -1, -1):
        surprise = R[t] + gamma * V_NEXT[t] * ~TERMINATED[t] - V[t]
        tail = surprise + gamma * lam * ~ENDED[t] * tail
        ADV[t] = tail
    flat = [torch.from_numpy(x.reshape(T * N, -1)) for x in (OBS, A)]
    flat += [torch.from_numpy(x.reshape(T * N)) for x in (LP, ADV, ADV + V)]
    return flat, obs


def train_on(batch, actor, critic, opt, cfg):
    obs, act, logp_old, adv, ret = batch
    for _ in range(cfg.epochs):
        for rows in torch.randperm(len(obs)).split(cfg.minibatch):
            a = adv[rows]
            a = (a - a.mean()) / (a.std() + 1e-8)
            mean, std = actor(obs[rows])
            logp = log_density(act[rows], mean, std)
            ratio = torch.exp(logp - logp_old[rows])
            surrogate = torch.minimum(ratio * a, torch.clip(ratio, 1 - cfg.clip, 1 + cfg.clip) * a)
            actor_loss = -surrogate.mean() - cfg.entropy_coef * gaussian_entropy(std).mean()
            critic_loss = F.smooth_l1_loss(critic(obs[rows]), ret[rows])
            opt.zero_grad()
            (actor_loss + critic_loss).backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], cfg.max_grad_norm)
            opt.step()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=5)
    p.add_argument("--total-steps", type=int, default=150_000)
    p.add_argument("--n-envs", type=int, default=8)
    p.add_argument("--n-steps", type=int, default=128)
    p.add_argument("--minibatch", type=int, default=128)
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--gamma", type=float, default=0.9)
    p.add_argument("--lam", type=float, default=0.95)
    p.add_argument("--clip", type=float, default=0.2)
    p.add_argument("--entropy-coef", type=float, default=1e-3)
    p.add_argument("--max-grad-norm", type=float, default=0.5)
    cfg = p.parse_args()

    torch.manual_seed(cfg.seed)
    envs = [gym.make("Pendulum-v1") for _ in range(cfg.n_envs)]
    n_obs, n_act = envs[0].observation_space.shape[0], envs[0].action_space.shape[0]
    actor, critic = GaussianActor(n_obs, n_act), Critic(n_obs)
    opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=cfg.lr)
    obs = np.stack([env.reset(seed=cfg.seed * 100 + i)[0] for i, env in enumerate(envs)])
    log = {"running": np.zeros(cfg.n_envs), "done": []}
    updates = cfg.total_steps // (cfg.n_envs * cfg.n_steps)
    for u in range(updates):
        batch, obs = collect(envs, actor, critic, obs, cfg.n_steps, cfg.gamma, cfg.lam, log)
        train_on(batch, actor, critic, opt, cfg)
        if log["done"] and u % 4 == 3:
            print(f"update {u + 1}/{updates}: return {np.mean(log['done'][-20:]):.0f}", flush=True)
    for env in envs:
        env.close()


if __name__ == "__main__":
    main()
