"""PPO with a Beta policy: bounded actions without clipping. The task is a small rover that collects beacons."""

import argparse
from collections import deque
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Beta


class BeaconRover(gym.Env):
    """Steer (-1..1) and throttle (0..1) on a round field. A beacon pays and moves on; rock and fence end it."""

    def __init__(self):
        self.action_space = gym.spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([1.0, 1.0], np.float32))
        self.observation_space = gym.spaces.Box(-4.0, 4.0, (8,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.pos, self.beacon = self._place(), self._place()
        self.heading, self.speed = self.np_random.uniform(-np.pi, np.pi), 0.0
        return self._observe(), {}

    def step(self, action):
        steer, throttle = np.clip(action, self.action_space.low, self.action_space.high)
        distance_before = np.linalg.norm(self.beacon - self.pos)
        self.heading += 0.5 * steer
        self.speed = 0.8 * self.speed + 0.02 * throttle
        self.pos = self.pos + self.speed * np.array([np.cos(self.heading), np.sin(self.heading)])
        distance = np.linalg.norm(self.beacon - self.pos)
        reward = 2.0 * (distance_before - distance)
        if distance < 0.15:
            reward, self.beacon = reward + 1.0, self._place()
        crashed = not 0.15 < float(np.linalg.norm(self.pos)) < 1.0
        return self._observe(), float(reward - crashed), crashed, False, {}

    def _place(self):
        radius, angle = self.np_random.uniform(0.4, 0.8), self.np_random.uniform(-np.pi, np.pi)
        return radius * np.array([np.cos(angle), np.sin(angle)])

    def _observe(self):
        (dx, dy), c, s = self.beacon - self.pos, np.cos(self.heading), np.sin(self.heading)
        ahead, aside = c * dx + s * dy, c * dy - s * dx  # the beacon as seen from the driver's seat
        angle, speed = np.arctan2(aside, ahead) / np.pi, 10.0 * self.speed
        return np.array([ahead, aside, angle, speed, *self.pos, c, s], np.float32)


gym.register("BeaconRover-v0", entry_point=BeaconRover, max_episode_steps=60)


@dataclass
class Config:
    n_envs: int = 8
    rollout_len: int = 256
    n_epochs: int = 10
    batch_size: int = 256
    learning_rate: float = 1e-3
    gamma: float = 0.97
    gae_lambda: float = 0.95
    clip_eps: float = 0.2
    value_coef: float = 0.5
    entropy_coef: float = 0.002
    max_grad_norm: float = 0.5


def linear(n_in, n_out, gain=2**0.5):
    layer = nn.Linear(n_in, n_out)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class Policy(nn.Module):
    def __init__(self, obs_dim, act_dim, hidden=64):
        super().__init__()
        self.body = nn.Sequential(linear(obs_dim, hidden), nn.Tanh(), linear(hidden, hidden), nn.Tanh())
        self.alpha_head = linear(hidden, act_dim, gain=0.01)
        self.beta_head = linear(hidden, act_dim, gain=0.01)
        self.critic = nn.Sequential(
            linear(obs_dim, hidden), nn.Tanh(), linear(hidden, hidden), nn.Tanh(), linear(hidden, 1, gain=1.0)
        )

    def dist(self, obs):
        h = self.body(obs)
        # both parameters above one: the density has a single peak inside the interval
        return Beta(1.0 + F.softplus(self.alpha_head(h)), 1.0 + F.softplus(self.beta_head(h)))

    def value(self, obs):
        return self.critic(obs).squeeze(-1)


class RolloutBuffer:
    """One rollout as tensors [time, env, ...]; `finish` adds the advantages and returns."""

    def __init__(self, length, n_envs, obs_dim, act_dim):
        self.obs = torch.zeros(length, n_envs, obs_dim)
        self.actions = torch.zeros(length, n_envs, act_dim)
        self.log_probs, self.values, self.rewards = torch.zeros(3, length, n_envs)
        self.terminated, self.truncated = torch.zeros(2, length, n_envs)
        self.cut_values = torch.zeros(length, n_envs)  # value of the last observation where a time limit struck
        self.advantages, self.returns = torch.zeros(2, length, n_envs)

    def put(self, t, **columns):
        for name, column in columns.items():
            getattr(self, name)[t] = column

    def finish(self, last_values, gamma, lam):
        next_values = torch.cat([self.values[1:], last_values.unsqueeze(0)])
        next_values = torch.where(self.truncated > 0, self.cut_values, next_values)
        deltas = self.rewards + gamma * next_values * (1.0 - self.terminated) - self.values
        keep_going = 1.0 - torch.maximum(self.terminated, self.truncated)
        gae = torch.zeros_like(last_values)
        for t in reversed(range(len(deltas))):
            gae = deltas[t] + gamma * lam * keep_going[t] * gae
            self.advantages[t] = gae
        self.returns = self.advantages + self.values

    def batches(self, batch_size):
        flat = [x.flatten(0, 1) for x in (self.obs, self.actions, self.log_probs, self.advantages, self.returns)]
        for idx in torch.randperm(len(flat[0])).split(batch_size):
            yield [x[idx] for x in flat]


class PPO:
    def __init__(self, cfg, seed):
        torch.manual_seed(seed)
        self.cfg = cfg
        self.envs = [gym.make("BeaconRover-v0") for _ in range(cfg.n_envs)]
        self.obs = torch.tensor(np.stack([env.reset(seed=1000 * seed + i)[0] for i, env in enumerate(self.envs)]))
        space = self.envs[0].action_space
        self.low, self.high = torch.as_tensor(space.low), torch.as_tensor(space.high)
        obs_dim, act_dim = len(self.obs[0]), len(self.low)
        self.policy = Policy(obs_dim, act_dim)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=cfg.learning_rate, eps=1e-5)
        self.buffer = RolloutBuffer(cfg.rollout_len, cfg.n_envs, obs_dim, act_dim)
        self.episode_return, self.history = np.zeros(cfg.n_envs), deque(maxlen=50)

    def step_envs(self, actions):
        rewards, terminated, truncated, cut_values = torch.zeros(4, self.cfg.n_envs)
        next_obs = torch.zeros_like(self.obs)
        for i, env in enumerate(self.envs):
            obs, reward, term, trunc, _ = env.step(actions[i].numpy())
            self.episode_return[i] += reward
            rewards[i], terminated[i], truncated[i] = float(reward), term, trunc
            if trunc:
                with torch.no_grad():
                    cut_values[i] = self.policy.value(torch.as_tensor(obs))
            if term or trunc:
                self.history.append(self.episode_return[i])
                self.episode_return[i] = 0.0
                obs, _ = env.reset()
            next_obs[i] = torch.as_tensor(obs)
        return next_obs, rewards, terminated, truncated, cut_values

    def collect(self):
        for t in range(self.cfg.rollout_len):
            with torch.no_grad():
                dist, values = self.policy.dist(self.obs), self.policy.value(self.obs)
            unit_actions = dist.sample().clamp(1e-6, 1.0 - 1e-6)
            log_probs = dist.log_prob(unit_actions).sum(-1)
            actions = self.low + (self.high - self.low) * unit_actions
            self.buffer.put(t, obs=self.obs, actions=unit_actions, log_probs=log_probs, values=values)
            self.obs, rewards, terminated, truncated, cut_values = self.step_envs(actions)
            self.buffer.put(t, rewards=rewards, terminated=terminated, truncated=truncated, cut_values=cut_values)
        with torch.no_grad():
            self.buffer.finish(self.policy.value(self.obs), self.cfg.gamma, self.cfg.gae_lambda)

    def update(self):
        cfg = self.cfg
        for _ in range(cfg.n_epochs):
            for obs, actions, old_log_probs, advantages, returns in self.buffer.batches(cfg.batch_size):
                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
                dist = self.policy.dist(obs)
                ratio = torch.exp(dist.log_prob(actions).sum(-1) - old_log_probs)
                clipped_ratio = torch.clamp(ratio, 1.0 - cfg.clip_eps, 1.0 + cfg.clip_eps)
                policy_loss = -torch.min(ratio * advantages, clipped_ratio * advantages).mean()
                value_loss = F.mse_loss(self.policy.value(obs), returns)
                loss = policy_loss + cfg.value_coef * value_loss - cfg.entropy_coef * dist.entropy().sum(-1).mean()
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.max_grad_norm)
                self.optimizer.step()

    def fit(self, n_updates=300):
        for k in range(1, n_updates + 1):
            self.collect()
            self.update()
            if k % 5 == 0 and self.history:
                print(f"update {k:4d}  return {np.mean(self.history):7.2f}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=300)
    args = parser.parse_args()
    PPO(Config(), args.seed).fit(args.updates)
