"""Recurrent PPO: CartPole without its velocities, which a GRU has to remember."""

import argparse

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class PositionsOnly(gym.ObservationWrapper):
    """Hides both velocities; cart position and pole angle are scaled up."""

    def __init__(self, env):
        super().__init__(env)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)

    def observation(self, obs):
        return np.array([obs[0], 10.0 * obs[2]], dtype=np.float32)


class GRUPolicy(nn.Module):
    def __init__(self, n_obs, n_actions, hidden=64):
        super().__init__()
        self.hidden_size = hidden
        self.embed = nn.Linear(n_obs, hidden)
        self.cell = nn.GRUCell(hidden, hidden)
        self.pi = nn.Linear(hidden, n_actions)
        self.v = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.pi.weight, 0.01)
        nn.init.zeros_(self.pi.bias)

    def step(self, obs, h):
        """One time step for a batch: obs [N, n_obs], h [N, hidden]."""
        h = self.cell(torch.tanh(self.embed(obs)), h)
        return self.pi(h), self.v(h).squeeze(-1), h

    def unroll(self, obs, h, starts):
        """Whole sequences: obs [T, N, n_obs]; the state is cleared wherever an episode starts."""
        logits, values = [], []
        for t in range(obs.shape[0]):
            h = h * (1.0 - starts[t]).unsqueeze(-1)
            pi, v, h = self.step(obs[t], h)
            logits.append(pi)
            values.append(v)
        return torch.stack(logits), torch.stack(values)


class Worker:
    """A few environments, stepped one after the other, and the memory that goes with them."""

    def __init__(self, n_envs, seed):
        self.envs = [PositionsOnly(gym.make("CartPole-v1")) for _ in range(n_envs)]
        self.obs = np.stack([env.reset(seed=seed + i)[0] for i, env in enumerate(self.envs)])
        self.start = np.ones(n_envs, dtype=np.float32)
        self.scores = np.zeros(n_envs)
        self.finished = []

    def act(self, actions):
        rewards, reached, terminated, ended = [], [], [], []
        for i, (env, action) in enumerate(zip(self.envs, actions)):
            obs, reward, term, trunc, _ = env.step(int(action))
            reached.append(obs)
            self.scores[i] += reward
            if term or trunc:
                self.finished.append(self.scores[i])
                self.scores[i] = 0.0
                obs, _ = env.reset()
            self.obs[i] = obs
            rewards.append(reward)
            terminated.append(float(term))
            ended.append(float(term or trunc))
        self.start = np.array(ended, dtype=np.float32)
        return np.array(rewards, np.float32), np.stack(reached), np.array(terminated, np.float32), self.start


def rollout(worker, net, h, length):
    keys = ("obs", "start", "action", "logp", "value", "reward", "next_value", "terminated", "ended")
    data = {k: [] for k in keys}
    h0 = h.clone()
    for _ in range(length):
        obs, start = torch.from_numpy(worker.obs.copy()), torch.from_numpy(worker.start)
        with torch.no_grad():
            logits, value, h = net.step(obs, h * (1.0 - start).unsqueeze(-1))
            dist = Categorical(logits=logits)
            action = dist.sample()
            logp = dist.log_prob(action)
        reward, reached, terminated, ended = worker.act(action.numpy())
        with torch.no_grad():
            next_value = net.step(torch.from_numpy(reached), h)[1]
        row = (obs, start, action, logp, value, torch.from_numpy(reward), next_value)
        for k, x in zip(keys, (*row, torch.from_numpy(terminated), torch.from_numpy(ended))):
            data[k].append(x)
    return {k: torch.stack(x) for k, x in data.items()}, h0, h


def gae(d, gamma, lam):
    adv, last = torch.zeros_like(d["reward"]), 0.0
    for t in reversed(range(adv.shape[0])):
        td = d["reward"][t] + gamma * d["next_value"][t] * (1 - d["terminated"][t]) - d["value"][t]
        last = td + gamma * lam * (1 - d["ended"][t]) * last
        adv[t] = last
    return adv


def learn(net, optim, d, h0, args):
    adv = gae(d, args.gamma, args.lam)
    ret = adv + d["value"]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    n_envs = adv.shape[1]
    for _ in range(args.epochs):
        # minibatches are whole sequences of a few environments
        for envs in torch.randperm(n_envs).split(n_envs // args.minibatches):
            logits, value = net.unroll(d["obs"][:, envs], h0[envs], d["start"][:, envs])
            dist = Categorical(logits=logits)
            ratio = (dist.log_prob(d["action"][:, envs]) - d["logp"][:, envs]).exp()
            unclipped = ratio * adv[:, envs]
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip) * adv[:, envs]
            policy_loss = -torch.min(unclipped, clipped).mean()
            value_loss = 0.5 * (value - ret[:, envs]).square().mean()
            loss = policy_loss + args.vf_coef * value_loss - args.ent_coef * dist.entropy().mean()
            optim.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), args.max_grad_norm)
            optim.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=80_000)
    parser.add_argument("--n-envs", type=int, default=8)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--gamma", type=float, default=0.97)
    parser.add_argument("--lam", type=float, default=0.95)
    parser.add_argument("--clip", type=float, default=0.2)
    parser.add_argument("--ent-coef", type=float, default=0.005)
    parser.add_argument("--vf-coef", type=float, default=0.5)
    parser.add_argument("--max-grad-norm", type=float, default=0.5)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    worker = Worker(args.n_envs, args.seed * 1000)
    net = GRUPolicy(2, 2)
    optim = torch.optim.Adam(net.parameters(), lr=args.lr)
    h = torch.zeros(args.n_envs, net.hidden_size)
    for it in range(args.total_steps // (args.n_envs * args.length)):
        d, h0, h = rollout(worker, net, h, args.length)
        learn(net, optim, d, h0, args)
        if it % 10 == 9:
            steps = (it + 1) * args.n_envs * args.length
            print(f"[{steps:7d}] mean score {np.mean(worker.finished[-40:]):.1f}", flush=True)


if __name__ == "__main__":
    main()
