"""PPO as a class around one environment: lists as memory, Monte-Carlo returns, two networks in one optimizer."""
import argparse

import gymnasium as gym
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical


class Memory:
    def __init__(self):
        self.clear()

    def clear(self):
        self.states, self.actions, self.log_probs = [], [], []
        self.rewards, self.ends, self.tail_values = [], [], []

    def remember(self, state, action, log_prob, reward, end, tail_value):
        self.states.append(state)
        self.actions.append(action)
        self.log_probs.append(log_prob)
        self.rewards.append(reward)
        self.ends.append(end)
        self.tail_values.append(tail_value)

    def __len__(self):
        return len(self.rewards)


class Actor(nn.Module):
    def __init__(self, n_inputs, n_actions, hidden=64):
        super().__init__()
        self.fc1 = nn.Linear(n_inputs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, n_actions)
        nn.init.orthogonal_(self.out.weight, 0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, state):
        x = torch.tanh(self.fc1(state))
        x = torch.tanh(self.fc2(x))
        return Categorical(F.softmax(self.out(x), dim=-1))


class Critic(nn.Module):
    def __init__(self, n_inputs, hidden=64):
        super().__init__()
        self.fc1 = nn.Linear(n_inputs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, state):
        x = torch.tanh(self.fc1(state))
        x = torch.tanh(self.fc2(x))
        return self.out(x)


class PPOAgent:
    def __init__(self, n_inputs, n_actions, gamma=0.98, lr=2e-3, eps_clip=0.2, k_epochs=10, batch_size=256,
                 entropy_weight=0.01, critic_weight=0.5):
        self.gamma, self.eps_clip, self.k_epochs, self.batch_size = gamma, eps_clip, k_epochs, batch_size
        self.entropy_weight, self.critic_weight = entropy_weight, critic_weight
        self.actor = Actor(n_inputs, n_actions)
        self.critic = Critic(n_inputs)
        self.optimizer = torch.optim.Adam(
            list(self.actor.parameters()) + list(self.critic.parameters()), lr=lr
        )
        self.memory = Memory()

    @torch.no_grad()
    def act(self, state):
        dist = self.actor(torch.from_numpy(state).float())
        action = dist.sample()
        return action.item(), dist.log_prob(action).item()

    @torch.no_grad()
    def value(self, state):
        return self.critic(torch.from_numpy(state).float()).item()

    def discounted_returns(self):
        returns, running = [], 0.0
        m = self.memory
        for reward, end, tail in zip(reversed(m.rewards), reversed(m.ends), reversed(m.tail_values)):
            if end:
                running = tail  # 0 after a failure, the critic's value where the episode was only cut
            running = reward + self.gamma * running
            returns.insert(0, running)
        return torch.tensor(returns, dtype=torch.float32)

    def learn(self):
        m = self.memory
        states = torch.tensor(np.array(m.states), dtype=torch.float32)
        actions = torch.tensor(m.actions)
        old_log_probs = torch.tensor(m.log_probs)
        returns = self.discounted_returns()
        with torch.no_grad():
            advantages = returns - self.critic(states).squeeze(-1)
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)

        for _ in range(self.k_epochs):
            for idx in torch.randperm(len(m)).split(self.batch_size):
                dist = self.actor(states[idx])
                log_probs = dist.log_prob(actions[idx])
                ratios = torch.exp(log_probs - old_log_probs[idx])
                surr1 = ratios * advantages[idx]
                surr2 = ratios.clamp(1 - self.eps_clip, 1 + self.eps_clip) * advantages[idx]
                actor_loss = -torch.min(surr1, surr2).mean()
                critic_loss = F.mse_loss(self.critic(states[idx]).squeeze(-1), returns[idx])
                loss = actor_loss + self.critic_weight * critic_loss - self.entropy_weight * dist.entropy().mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        m.clear()


def train(env_name, seed, total_steps, horizon=2048):
    torch.manual_seed(seed)
    env = gym.make(env_name)
    agent = PPOAgent(env.observation_space.shape[0], env.action_space.n)
    history = []
    state, _ = env.reset(seed=seed)
    score = 0.0
    for step in range(1, total_steps + 1):
        action, log_prob = agent.act(state)
        next_state, reward, terminated, truncated, _ = env.step(action)
        score += reward
        end = terminated or truncated or len(agent.memory) == horizon - 1
        tail_value = agent.value(next_state) if end and not terminated else 0.0
        agent.memory.remember(state, action, log_prob, reward, end, tail_value)
        state = next_state
        if terminated or truncated:
            history.append(score)
            score = 0.0
            state, _ = env.reset()
        if len(agent.memory) == horizon:
            agent.learn()
            average = np.mean(history[-20:])
            print(f"{step:7d} steps | {len(history):4d} episodes | average return {average:.1f}", flush=True)
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=60_000)
    options = parser.parse_args()
    train(options.env, options.seed, options.total_steps)
