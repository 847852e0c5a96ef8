"""PPO in functional style on a reaching task with three action dimensions: pure functions and named tuples."""

import argparse
from functools import partial
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from torch import nn
from torch.distributions import Normal


class Reach3D(gym.Env):
    """A hand in a cube moves by small steps to a target that is drawn anew in every episode."""

    def __init__(self):
        self.observation_space = spaces.Box(-2.0, 2.0, (6,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (3,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.hand = self.np_random.uniform(-1, 1, 3)
        self.target = self.np_random.uniform(-1, 1, 3)
        return self._obs(), {}

    def step(self, action):
        self.hand = np.clip(self.hand + 0.15 * np.clip(action, -1, 1), -1, 1)
        distance = float(np.linalg.norm(self.target - self.hand))
        reached = distance < 0.15
        return self._obs(), (2.0 if reached else -0.3 * distance), reached, False, {}

    def _obs(self):
        return np.concatenate([self.hand, self.target - self.hand]).astype(np.float32)


gym.register("Reach3D-local", entry_point=Reach3D, max_episode_steps=50)


class Hyper(NamedTuple):
    horizon: int = 128
    n_envs: int = 8
    epochs: int = 6
    minibatch: int = 256
    lr: float = 1e-3
    gamma: float = 0.95
    lam: float = 0.9
    epsilon: float = 0.2
    entropy_bonus: float = 1e-3
    grad_clip: float = 1.0


class Step(NamedTuple):
    obs: torch.Tensor
    action: torch.Tensor
    log_prob: torch.Tensor
    value: torch.Tensor
    next_value: torch.Tensor
    reward: torch.Tensor
    discount: torch.Tensor
    carry: torch.Tensor


def init_policy(n_obs, n_act):
    actor = nn.Sequential(nn.Linear(n_obs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, n_act))
    critic = nn.Sequential(nn.Linear(n_obs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    nn.init.orthogonal_(actor[-1].weight, 0.01)
    nn.init.zeros_(actor[-1].bias)
    return nn.ModuleDict({"actor": actor, "critic": critic, "scale": nn.ParameterList([torch.full((n_act,), -0.7)])})


def distribution(policy, obs):
    return Normal(policy["actor"](obs), policy["scale"][0].exp())


def log_prob_of(dist, action):
    return dist.log_prob(action).sum(-1)


def value_of(policy, obs):
    return policy["critic"](obs)[..., 0]


def step_envs(envs, action, totals, finished):
    reached, following, reward, ended, died = [], [], [], [], []
    for i, env in enumerate(envs):
        obs, r, terminated, truncated, _ = env.step(action[i])
        reached.append(obs)
        totals[i] += r
        if terminated or truncated:
            finished.append(totals[i])
            totals[i] = 0.0
            obs, _ = env.reset()
        following.append(obs)
        reward.append(r)
        died.append(terminated)
        ended.append(terminated or truncated)
    tensor = partial(torch.tensor, dtype=torch.float32)
    return tensor(np.stack(reached)), tensor(np.stack(following)), tensor(reward), tensor(died), tensor(ended)


@torch.no_grad()
def unroll(policy, envs, obs, hp, totals, finished):
    steps = []
    for _ in range(hp.horizon):
        dist = distribution(policy, obs)
        action = dist.sample()
        reached, following, reward, died, ended = step_envs(envs, action.numpy(), totals, finished)
        steps.append(
            Step(
                obs=obs,
                action=action,
                log_prob=log_prob_of(dist, action),
                value=value_of(policy, obs),
                next_value=value_of(policy, reached),
                reward=reward,
                discount=hp.gamma * (1.0 - died),
                carry=hp.gamma * hp.lam * (1.0 - ended),
            )
        )
        obs = following
    return Step(*map(torch.stack, zip(*steps))), obs


def estimate_advantages(traj):
    surprise = traj.reward + traj.discount * traj.next_value - traj.value
    advantages = [surprise[-1]]
    for delta, carry in zip(surprise[:-1].flip(0), traj.carry[:-1].flip(0)):
        advantages.append(delta + carry * advantages[-1])
    return torch.stack(advantages[::-1])


def loss_fn(policy, obs, action, old_log_prob, advantage, target, hp):
    dist = distribution(policy, obs)
    ratio = torch.exp(log_prob_of(dist, action) - old_log_prob)
    surrogate = torch.minimum(ratio * advantage, torch.clamp(ratio, 1 - hp.epsilon, 1 + hp.epsilon) * advantage)
    critic = nn.functional.mse_loss(value_of(policy, obs), target)
    return -surrogate.mean() + 0.5 * critic - hp.entropy_bonus * dist.entropy().sum(-1).mean()


def improve(policy, optimizer, traj, hp):
    advantage = estimate_advantages(traj)
    target = advantage + traj.value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    rows = [x.flatten(0, 1) for x in (traj.obs, traj.action, traj.log_prob, advantage, target)]
    for _ in range(hp.epochs):
        for ids in torch.randperm(len(rows[0])).split(hp.minibatch):
            optimizer.zero_grad()
            loss_fn(policy, *(x[ids] for x in rows), hp).backward()
            nn.utils.clip_grad_norm_(policy.parameters(), hp.grad_clip)
            optimizer.step()


def main(seed, total_steps, hp):
    torch.manual_seed(seed)
    envs = [gym.make("Reach3D-local") for _ in range(hp.n_envs)]
    obs = torch.tensor(np.stack([env.reset(seed=seed * 1000 + i)[0] for i, env in enumerate(envs)]))
    policy = init_policy(6, 3)
    optimizer = torch.optim.Adam(policy.parameters(), lr=hp.lr)
    totals, finished = [0.0] * hp.n_envs, []
    for k in range(1, total_steps // (hp.horizon * hp.n_envs) + 1):
        traj, obs = unroll(policy, envs, obs, hp, totals, finished)
        improve(policy, optimizer, traj, hp)
        if k % 10 == 0:
            print(f"{k * hp.horizon * hp.n_envs:7d} steps, return {np.mean(finished[-100:]):6.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=150_000)
    parser.add_argument("--lr", type=float, default=1e-3)
    given = parser.parse_args()
    main(given.seed, given.total_steps, Hyper(lr=given.lr))
