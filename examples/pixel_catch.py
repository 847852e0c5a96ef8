"""PPO from pixels: a little convolutional network learns to catch falling balls.

Every phase of the algorithm is one function (collect, advantages, update), the settings are a dataclass.
"""

import argparse
from collections import deque
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch.distributions import Categorical


@dataclass
class Config:
    seed: int = 1
    num_envs: int = 8
    num_steps: int = 128
    total_updates: int = 300
    learning_rate: float = 1e-3
    gamma: float = 0.97
    gae_lambda: float = 0.95
    epochs: int = 4
    minibatch_size: int = 128
    clip_coef: float = 0.2
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5


class PixelCatch(gym.Env):
    """A paddle at the bottom catches balls, which the wind blows about; the fourth ball on the floor ends the game.

    The picture has one channel: the balls still to be lost in the top row, a bright ball, a grey paddle.
    """

    size = 10

    def __init__(self):
        self.observation_space = gym.spaces.Box(0.0, 1.0, (1, self.size, self.size), np.float32)
        self.action_space = gym.spaces.Discrete(3)  # left, stay, right

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.lives = 4
        self.paddle = int(self.np_random.integers(1, self.size - 1))
        self.drop_ball()
        return self.picture(), {}

    def step(self, action):
        self.paddle = int(np.clip(self.paddle + action - 1, 1, self.size - 2))
        self.row += 1
        if self.np_random.random() < 0.2:
            self.column = int(np.clip(self.column + self.np_random.choice([-1, 1]), 0, self.size - 1))
        reward = 0.0
        if self.row == self.size - 1:
            caught = abs(self.column - self.paddle) <= 1
            reward = 1.0 if caught else -1.0
            self.lives -= not caught
            self.drop_ball()
        return self.picture(), reward, self.lives == 0, False, {}

    def drop_ball(self):
        self.row, self.column = 1, int(self.np_random.integers(self.size))

    def picture(self):
        image = np.zeros((self.size, self.size), np.float32)
        image[0, : self.lives] = 1.0
        image[-1, self.paddle - 1 : self.paddle + 2] = 0.5
        image[self.row, self.column] = 1.0
        return image[None]


gym.register("PixelCatch-v0", entry_point=PixelCatch, max_episode_steps=60)


def init(module, gain):
    nn.init.orthogonal_(module.weight, gain)
    nn.init.zeros_(module.bias)
    return module


class Agent(nn.Module):
    def __init__(self, n_actions):
        super().__init__()
        relu_gain = 2**0.5
        self.trunk = nn.Sequential(
            *(init(nn.Conv2d(1, 16, kernel_size=3), relu_gain), nn.ReLU()),
            *(init(nn.Conv2d(16, 32, kernel_size=3, stride=2), relu_gain), nn.ReLU(), nn.Flatten()),
            *(init(nn.Linear(32 * 3 * 3, 128), relu_gain), nn.ReLU()),
        )
        self.policy = init(nn.Linear(128, n_actions), 0.01)
        self.value = init(nn.Linear(128, 1), 1.0)

    def forward(self, images):
        hidden = self.trunk(images)
        return Categorical(logits=self.policy(hidden)), self.value(hidden).squeeze(-1)


@torch.no_grad()
def collect(envs, agent, images, running, finished, cfg):
    """Plays num_steps in every environment; returns [steps, envs] tensors by name and the pictures to go on from."""
    rollout = {key: [] for key in ("images", "actions", "logprobs", "values", "rewards", "dones")}
    for _ in range(cfg.num_steps):
        dist, value = agent(images)
        action = dist.sample()
        following, reward, terminated, truncated, infos = envs.step(action.numpy())
        done = terminated | truncated

        running += reward
        finished.extend(running[done])
        running[done] = 0.0

        # a game that was cut short would have gone on: its last picture's value makes up for the missing reward
        reward = torch.as_tensor(reward, dtype=torch.float32)
        for i in np.flatnonzero(truncated & ~terminated):
            _, rest = agent(torch.as_tensor(infos["final_obs"][i]).unsqueeze(0))
            reward[i] += cfg.gamma * rest.item()

        rollout["images"].append(images)
        rollout["actions"].append(action)
        rollout["logprobs"].append(dist.log_prob(action))
        rollout["values"].append(value)
        rollout["rewards"].append(reward)
        rollout["dones"].append(torch.as_tensor(done, dtype=torch.float32))
        images = torch.as_tensor(following)
    return {key: torch.stack(column) for key, column in rollout.items()}, images


@torch.no_grad()
def advantages(agent, rollout, images, cfg):
    """Generalised advantage estimation; time limits have been dealt with in the rewards."""
    rewards, values, dones = rollout["rewards"], rollout["values"], rollout["dones"]
    _, next_value = agent(images)
    result = torch.zeros_like(rewards)
    running = torch.zeros(cfg.num_envs)
    for t in reversed(range(cfg.num_steps)):
        alive = 1.0 - dones[t]
        delta = rewards[t] + cfg.gamma * alive * next_value - values[t]
        running = delta + cfg.gamma * cfg.gae_lambda * alive * running
        result[t] = running
        next_value = values[t]
    return result, result + values


def update(agent, optimizer, rollout, adv, targets, cfg):
    images, actions, logprobs = (rollout[key].flatten(0, 1) for key in ("images", "actions", "logprobs"))
    adv, targets = adv.flatten(), targets.flatten()
    for _ in range(cfg.epochs):
        for mb in torch.randperm(len(adv)).split(cfg.minibatch_size):
            dist, value = agent(images[mb])
            log_ratio = dist.log_prob(actions[mb]) - logprobs[mb]
            ratio = log_ratio.exp()
            mb_adv = (adv[mb] - adv[mb].mean()) / (adv[mb].std() + 1e-8)

            pg_loss1 = -mb_adv * ratio
            pg_loss2 = -mb_adv * torch.clamp(ratio, 1 - cfg.clip_coef, 1 + cfg.clip_coef)
            pg_loss = torch.max(pg_loss1, pg_loss2).mean()
            v_loss = 0.5 * (value - targets[mb]).pow(2).mean()
            entropy = dist.entropy().mean()
            loss = pg_loss + cfg.vf_coef * v_loss - cfg.ent_coef * entropy

            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), cfg.max_grad_norm)
            optimizer.step()


def main(cfg):
    torch.manual_seed(cfg.seed)
    envs = SyncVectorEnv(
        [lambda: gym.make("PixelCatch-v0") for _ in range(cfg.num_envs)], autoreset_mode=AutoresetMode.SAME_STEP
    )
    agent = Agent(int(envs.single_action_space.n))
    optimizer = torch.optim.Adam(agent.parameters(), lr=cfg.learning_rate, eps=1e-5)
    running, finished = np.zeros(cfg.num_envs), deque(maxlen=100)
    images = torch.as_tensor(envs.reset(seed=cfg.seed)[0])
    for n in range(cfg.total_updates):
        for group in optimizer.param_groups:
            group["lr"] = cfg.learning_rate * (1.0 - n / cfg.total_updates)
        rollout, images = collect(envs, agent, images, running, finished, cfg)
        adv, targets = advantages(agent, rollout, images, cfg)
        update(agent, optimizer, rollout, adv, targets, cfg)
        if (n + 1) % 10 == 0:
            print(f"update {n + 1:4d}  return of the last games {np.mean(finished):6.2f}", flush=True)
    envs.close()


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=Config.seed)
    parser.add_argument("--total-updates", type=int, default=Config.total_updates)
    given = parser.parse_args()
    main(Config(seed=given.seed, total_updates=given.total_updates))
