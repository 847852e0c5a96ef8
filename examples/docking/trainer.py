from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .buffer import RolloutBuffer
from .networks import DockingPolicy


@dataclass
class TrainerConfig:
    steps: int = 256
    minibatch_size: int = 256
    epochs: int = 6
    lr: float = 7e-4
    gamma: float = 0.97
    lmbda: float = 0.95
    clip_eps: float = 0.2
    entropy_coef: float = 0.01
    value_coef: float = 0.5
    grad_clip: float = 0.5


class PPOTrainer:
    def __init__(self, envs, config, seed=0):
        torch.manual_seed(seed)
        self.envs, self.config = envs, config
        self.policy = DockingPolicy(envs[0].n_obs, envs[0].n_actions)
        self.optimizer = torch.optim.AdamW(self.policy.parameters(), lr=config.lr, weight_decay=0.0)
        self.buffer = RolloutBuffer(config.steps, len(envs), envs[0].n_obs)
        self.obs = torch.as_tensor(np.stack([env.reset() for env in envs]))
        self.returns = deque(maxlen=50)
        self.running = [0.0] * len(envs)

    def train(self, total_steps):
        per_update = self.config.steps * len(self.envs)
        for update in range(1, total_steps // per_update + 1):
            self.collect()
            loss = self.optimise()
            if update % 8 == 0:
                mean = sum(self.returns) / max(1, len(self.returns))
                print(f"update={update} steps={update * per_update} loss={loss:.3f} return={mean:.1f}", flush=True)

    def collect(self):
        for _ in range(self.config.steps):
            action, log_prob, value = self.policy.act(self.obs)
            obs, rewards, ended = self.step_all(action.tolist())
            self.buffer.add(self.obs, action, log_prob, value, torch.tensor(rewards), torch.tensor(ended))
            self.obs = obs
        with torch.no_grad():
            _, last_value = self.policy(self.obs)
        self.buffer.compute(last_value, self.config.gamma, self.config.lmbda)

    def step_all(self, actions):
        observations, rewards, ended = [], [], []
        for i, (env, action) in enumerate(zip(self.envs, actions)):
            obs, reward, done, info = env.step(action)
            self.running[i] += reward
            if info["timeout"]:
                # a cut episode would have gone on: stand-in for the rewards behind the limit
                reward += self.config.gamma * self.value_of(obs)
            if done:
                self.returns.append(self.running[i])
                self.running[i] = 0.0
                obs = env.reset()
            observations.append(obs)
            rewards.append(reward)
            ended.append(float(done))
        return torch.as_tensor(np.stack(observations)), rewards, ended

    @torch.no_grad()
    def value_of(self, obs):
        return self.policy(torch.as_tensor(obs)[None])[1].item()

    def optimise(self):
        cfg = self.config
        for _ in range(cfg.epochs):
            for obs, actions, old_log_probs, advantages, targets in self.buffer.minibatches(cfg.minibatch_size):
                dist, values = self.policy(obs)
                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
                ratios = torch.exp(dist.log_prob(actions) - old_log_probs)
                limited = torch.clamp(ratios, 1.0 - cfg.clip_eps, 1.0 + cfg.clip_eps)
                policy_loss = -torch.min(ratios * advantages, limited * advantages).mean()
                value_loss = nn.functional.mse_loss(values, targets)
                entropy = dist.entropy().mean()
                loss = policy_loss + cfg.value_coef * value_loss - cfg.entropy_coef * entropy
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.policy.parameters(), cfg.grad_clip)
                self.optimizer.step()
        return loss.item()
