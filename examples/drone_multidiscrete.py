"""PPO with two discrete choices a step: a drone in the plane picks a thrust for each axis."""

import argparse

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from gymnasium import spaces
from torch.distributions import Categorical


class DronePlane(gym.Env):
    """Fly to the middle and hover there; leaving the square ends the episode."""

    def __init__(self):
        self.observation_space = spaces.Box(-3.0, 3.0, (4,), np.float32)
        self.action_space = spaces.MultiDiscrete([3, 5])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position = self.np_random.uniform(-1.0, 1.0, 2)
        self.speed = self.np_random.uniform(-0.05, 0.05, 2)
        return self.look(), {}

    def step(self, action):
        thrust = np.array([0.03 * (action[0] - 1), 0.015 * (action[1] - 2)])
        self.speed = 0.95 * self.speed + thrust
        self.position = self.position + self.speed
        distance = np.abs(self.position).sum()
        crashed = bool(np.abs(self.position).max() > 1.5)
        reward = -5.0 if crashed else 1.0 - distance
        return self.look(), reward, crashed, False, {}

    def look(self):
        return np.concatenate([self.position, 8.0 * self.speed]).astype(np.float32)


class TwoHeads(nn.Module):
    def __init__(self, n_in, choices):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(n_in, 96), nn.Tanh(), nn.Linear(96, 96), nn.Tanh())
        self.heads = nn.ModuleList([nn.Linear(96, n) for n in choices])
        self.critic = nn.Linear(96, 1)
        for head in self.heads:
            nn.init.orthogonal_(head.weight, 0.01)

    def forward(self, x):
        h = self.shared(x)
        return [Categorical(logits=head(h)) for head in self.heads], self.critic(h).squeeze(-1)


def joint_log_prob(dists, actions):
    return torch.stack([d.log_prob(actions[:, k]) for k, d in enumerate(dists)], dim=1).sum(dim=1)


def joint_entropy(dists):
    return torch.stack([d.entropy() for d in dists], dim=1).sum(dim=1)


def run(env, net, optimizer, args):
    obs, _ = env.reset(seed=args.seed)
    total, totals, done_steps = 0.0, [], 0
    while done_steps < args.total_steps:
        states, actions, logps, rewards, values, next_values, dead, cut = [], [], [], [], [], [], [], []
        for _ in range(args.rollout):
            state = torch.tensor(obs).unsqueeze(0)
            with torch.no_grad():
                dists, value = net(state)
                action = torch.stack([d.sample() for d in dists], dim=1)
                logp = joint_log_prob(dists, action)
            obs, reward, terminated, truncated, _ = env.step(action[0].tolist())
            with torch.no_grad():
                next_value = net(torch.tensor(obs).unsqueeze(0))[1]
            total += reward
            states.append(state)
            actions.append(action)
            logps.append(logp)
            rewards.append(reward)
            values.append(value.item())
            next_values.append(next_value.item())
            dead.append(terminated)
            cut.append(terminated or truncated)
            if terminated or truncated:
                totals.append(total)
                total = 0.0
                obs, _ = env.reset()
        done_steps += args.rollout

        adv, acc = np.zeros(args.rollout, dtype=np.float32), 0.0
        for t in range(args.rollout - 1, -1, -1):
            target = rewards[t] if dead[t] else rewards[t] + args.gamma * next_values[t]
            acc = target - values[t] + (0.0 if cut[t] else args.gamma * args.lmbda * acc)
            adv[t] = acc
        ret = torch.from_numpy(adv + np.array(values, dtype=np.float32))
        adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8))
        states, actions, logps = torch.cat(states), torch.cat(actions), torch.cat(logps)

        for _ in range(args.epochs):
            for ids in torch.randperm(args.rollout).split(args.batch):
                dists, value = net(states[ids])
                ratio = (joint_log_prob(dists, actions[ids]) - logps[ids]).exp()
                limited = torch.clip(ratio, 1 - args.clip_range, 1 + args.clip_range)
                gain = torch.minimum(ratio * adv[ids], limited * adv[ids]).mean()
                entropy = joint_entropy(dists).mean()
                loss = -gain + args.vf_coef * F.mse_loss(value, ret[ids]) - args.ent_coef * entropy
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), args.max_grad_norm)
                optimizer.step()
        print(f"{done_steps} steps, {len(totals)} episodes, score {np.mean(totals[-20:]):.1f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=80_000)
    parser.add_argument("--rollout", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=7e-4)
    parser.add_argument("--gamma", type=float, default=0.97)
    parser.add_argument("--lmbda", type=float, default=0.95)
    parser.add_argument("--clip-range", type=float, default=0.2)
    parser.add_argument("--ent-coef", type=float, default=0.005)
    parser.add_argument("--vf-coef", type=float, default=0.5)
    parser.add_argument("--max-grad-norm", type=float, default=0.5)
    cli = parser.parse_args()
    torch.manual_seed(cli.seed)
    torch.set_num_threads(1)
    drone = gym.wrappers.TimeLimit(DronePlane(), max_episode_steps=100)
    network = TwoHeads(4, drone.action_space.nvec.tolist())
    run(drone, network, torch.optim.Adam(network.parameters(), lr=cli.learning_rate), cli)
