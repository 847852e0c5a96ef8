"""PPO with an old and a new actor: balance a ball on a marked spot of a tilting plate."""
import argparse
from collections import deque

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import MultivariateNormal
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import BatchSampler, SubsetRandomSampler


class BallPlateEnv(gym.Env):
    """Two servos tilt the plate, each told a percentage of full tilt; the ball must not roll over the edge."""

    def __init__(self):
        self.action_space = gym.spaces.Box(-100.0, 100.0, (2,), np.float32)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (8,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.ball = self.np_random.uniform(-0.6, 0.6, 2)
        self.velocity = self.np_random.normal(0.0, 0.3, 2)
        self.spot = self.np_random.uniform(-0.6, 0.6, 2)
        self.tilt = np.zeros(2)
        return self.observe(), {}

    def step(self, action):
        wanted = np.clip(action, -100.0, 100.0) / 100.0
        self.tilt = self.tilt + 0.5 * (wanted - self.tilt)
        self.velocity = self.velocity + 0.15 * self.tilt
        self.ball = self.ball + 0.05 * self.velocity
        reward = np.exp(-2.0 * np.linalg.norm(self.ball - self.spot))
        fallen = bool(np.abs(self.ball).max() > 1.0)
        return self.observe(), float(reward), fallen, False, {}

    def observe(self):
        return np.concatenate([self.ball, self.velocity, self.tilt, self.spot - self.ball]).astype(np.float32)


gym.register("BallPlate-v0", entry_point=BallPlateEnv, max_episode_steps=80)


def make_net(n_inputs, n_outputs, hidden=64):
    layers = [nn.Linear(n_inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, n_outputs)]
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


class Actor(nn.Module):
    def __init__(self, state_dim, action_dim):
        super().__init__()
        self.net = make_net(state_dim, action_dim)
        nn.init.uniform_(self.net[-1].weight, -0.003, 0.003)
        self.log_std = nn.Parameter(torch.full((action_dim,), -0.5))

    def forward(self, state):
        mean = torch.tanh(self.net(state))
        cov_mat = torch.diag(torch.exp(2 * self.log_std))
        return MultivariateNormal(mean, cov_mat)


class Critic(nn.Module):
    def __init__(self, state_dim):
        super().__init__()
        self.net = make_net(state_dim, 1)

    def forward(self, state):
        return self.net(state)


class Memory:
    def __init__(self):
        self.states, self.actions, self.log_probs, self.rewards = [], [], [], []
        self.next_states, self.terminals, self.timeouts = [], [], []

    def clear(self):
        for column in vars(self).values():
            column.clear()


class PPO:
    def __init__(self, state_dim, action_dim, n_updates, gamma=0.97, lr_actor=1e-3, lr_critic=3e-3, eps_clip=0.2,
                 k_epochs=10, batch_size=256, ent_coef=0.003, max_grad_norm=0.3):
        self.gamma, self.eps_clip, self.k_epochs = gamma, eps_clip, k_epochs
        self.batch_size, self.ent_coef, self.max_grad_norm = batch_size, ent_coef, max_grad_norm
        self.actor = Actor(state_dim, action_dim)
        self.old_actor = Actor(state_dim, action_dim)
        self.old_actor.load_state_dict(self.actor.state_dict())
        self.critic = Critic(state_dim)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=lr_actor)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=lr_critic)
        optimizers = [self.actor_optimizer, self.critic_optimizer]
        self.schedulers = [LambdaLR(optim, lambda k: max(0.0, 1 - k / n_updates)) for optim in optimizers]
        self.memory = Memory()

    def act(self, state):
        with torch.no_grad():
            dist = self.old_actor(torch.from_numpy(state))
            action = dist.sample()
            log_prob = dist.log_prob(action)
        return action.numpy(), log_prob.item()

    def store(self, state, action, log_prob, reward, next_state, terminated, truncated):
        self.memory.states.append(state)
        self.memory.actions.append(action)
        self.memory.log_probs.append(log_prob)
        self.memory.rewards.append(reward)
        self.memory.next_states.append(next_state)
        self.memory.terminals.append(terminated)
        self.memory.timeouts.append(truncated)

    def discount(self, rewards, next_values, terminals, timeouts):
        returns = deque()
        running = next_values[-1]
        for i in reversed(range(len(rewards))):
            if timeouts[i]:
                running = next_values[i]
            running = rewards[i] + self.gamma * running * (1 - terminals[i])
            returns.appendleft(running)
        return np.array(returns, dtype=np.float32)

    def learn(self):
        states = torch.tensor(np.array(self.memory.states))
        actions = torch.tensor(np.array(self.memory.actions))
        old_log_probs = torch.tensor(self.memory.log_probs)
        next_states = torch.tensor(np.array(self.memory.next_states))
        rewards, terminals = np.array(self.memory.rewards), np.array(self.memory.terminals, dtype=np.float32)

        with torch.no_grad():
            values = self.critic(states).squeeze(-1)
            next_values = self.critic(next_states).squeeze(-1).numpy()
        returns = torch.from_numpy(self.discount(rewards, next_values, terminals, self.memory.timeouts))
        advantages = returns - values
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-7)

        for _ in range(self.k_epochs):
            for index in BatchSampler(SubsetRandomSampler(range(len(states))), self.batch_size, drop_last=False):
                dist = self.actor(states[index])
                log_probs = dist.log_prob(actions[index])
                ratios = torch.exp(log_probs - old_log_probs[index])
                surr1 = ratios * advantages[index]
                surr2 = torch.clamp(ratios, 1 - self.eps_clip, 1 + self.eps_clip) * advantages[index]
                actor_loss = -torch.min(surr1, surr2).mean() - self.ent_coef * dist.entropy().mean()
                critic_loss = F.mse_loss(self.critic(states[index]).squeeze(-1), returns[index])

                self.actor_optimizer.zero_grad()
                self.critic_optimizer.zero_grad()
                actor_loss.backward()
                critic_loss.backward()
                nn.utils.clip_grad_norm_(self.actor.parameters(), self.max_grad_norm)
                nn.utils.clip_grad_norm_(self.critic.parameters(), self.max_grad_norm)
                self.actor_optimizer.step()
                self.critic_optimizer.step()

        for scheduler in self.schedulers:
            scheduler.step()
        self.old_actor.load_state_dict(self.actor.state_dict())
        self.memory.clear()


def train(seed, total_steps, update_every=2048):
    torch.manual_seed(seed)
    np.random.seed(seed)
    env = gym.make("BallPlate-v0")
    max_tilt = env.action_space.high
    n_updates = total_steps // update_every
    agent = PPO(env.observation_space.shape[0], env.action_space.shape[0], n_updates)
    scores, score = deque(maxlen=50), 0.0
    state, _ = env.reset(seed=seed)

    for step in range(1, n_updates * update_every + 1):
        action, log_prob = agent.act(state)
        next_state, reward, terminated, truncated, _ = env.step(max_tilt * np.clip(action, -1.0, 1.0))
        agent.store(state, action, log_prob, reward, next_state, terminated, truncated)
        score += reward
        state = next_state
        if terminated or truncated:
            scores.append(score)
            score = 0.0
            state, _ = env.reset()

        if step % update_every == 0:
            agent.learn()
            print(f"step {step:6d}   average of the last {len(scores)} episodes: {np.mean(scores):.2f}", flush=True)
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--total-steps", type=int, default=81_920)
    args = parser.parse_args()
    train(args.seed, args.total_steps)
