"""PPO for CartPole. It runs, prints no error, and does not learn."""

import argparse

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class PolicyAndValue(nn.Module):
    def __init__(self, obs_size, n_actions, hidden=64):
        super().__init__()
        self.pi = nn.Sequential(
            nn.Linear(obs_size, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, n_actions),
        )
        self.vf = nn.Sequential(
            nn.Linear(obs_size, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, 1),
        )
        nn.init.orthogonal_(self.pi[-1].weight, 0.01)

    def forward(self, obs):
        return Categorical(logits=self.pi(obs)), self.vf(obs)


def compute_gae(rewards, values, dones, last_value, gamma, lam):
    advantages = torch.zeros_like(values)
    gae = 0.0
    for t in reversed(range(len(rewards))):
        next_value = last_value if t == len(rewards) - 1 else values[t + 1]
        not_done = 1.0 - dones[t]
        delta = rewards[t] + gamma * next_value * not_done - values[t]
        gae = delta + gamma * lam * not_done * gae
        advantages[t] = gae
    return advantages


def collect(env, model, obs, done, n_steps, episode):
    data = {name: [] for name in ("obs", "action", "logp", "reward", "value", "done")}
    for _ in range(n_steps):
        with torch.no_grad():
            dist, value = model(torch.as_tensor(obs, dtype=torch.float32))
            action = dist.sample()
        data["obs"].append(torch.as_tensor(obs, dtype=torch.float32))
        data["action"].append(action)
        data["logp"].append(dist.log_prob(action))
        data["value"].append(value)
        data["done"].append(float(done))

        obs, reward, terminated, truncated, _ = env.step(action.item())
        done = terminated or truncated
        data["reward"].append(float(reward))
        episode["score"] += reward
        if done:
            episode["scores"].append(episode["score"])
            episode["score"] = 0.0
            obs, _ = env.reset()
    with torch.no_grad():
        _, last_value = model(torch.as_tensor(obs, dtype=torch.float32))
    rollout = {k: torch.tensor(v) if k in ("reward", "done") else torch.stack(v) for k, v in data.items()}
    return rollout, last_value, obs, done


def update(model, optimizer, rollout, last_value, cfg):
    adv = compute_gae(rollout["reward"], rollout["value"], rollout["done"], last_value, cfg.gamma, cfg.lam)
    returns = adv + rollout["value"]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(cfg.epochs):
        for idx in torch.randperm(len(adv)).split(cfg.batch_size):
            dist, value = model(rollout["obs"][idx])
            ratio = torch.exp(dist.log_prob(rollout["action"][idx]) - rollout["logp"][idx])
            clipped = torch.clamp(ratio, 1 - cfg.clip, 1 + cfg.clip)
            policy_loss = -torch.min(ratio * adv[idx], clipped * adv[idx]).mean()
            value_loss = (value - returns[idx]).pow(2).mean()
            entropy = dist.entropy().mean()
            loss = policy_loss + cfg.vf_coef * value_loss - cfg.ent_coef * entropy
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=60_000)
    parser.add_argument("--n-steps", type=int, default=1024)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--lam", type=float, default=0.95)
    parser.add_argument("--clip", type=float, default=0.2)
    parser.add_argument("--ent-coef", type=float, default=0.01)
    parser.add_argument("--vf-coef", type=float, default=0.5)
    cfg = parser.parse_args()

    torch.manual_seed(cfg.seed)
    torch.set_num_threads(1)
    env = gym.make("CartPole-v1")
    model = PolicyAndValue(env.observation_space.shape[0], int(env.action_space.n))
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)

    obs, _ = env.reset(seed=cfg.seed)
    done = False
    episode = {"score": 0.0, "scores": []}
    for it in range(cfg.total_steps // cfg.n_steps):
        rollout, last_value, obs, done = collect(env, model, obs, done, cfg.n_steps, episode)
        update(model, optimizer, rollout, last_value, cfg)
        mean_score = np.mean(episode["scores"][-30:])
        print(f"iteration {it + 1:3d}  steps {(it + 1) * cfg.n_steps:6d}  mean score {mean_score:6.1f}", flush=True)
    env.close()


if __name__ == "__main__":
    main()
