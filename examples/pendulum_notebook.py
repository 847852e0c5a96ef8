#!/usr/bin/env python
# coding: utf-8

# # PPO on Pendulum
# Exported from a notebook.

# In[1]:


import sys

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Normal

# In[2]:


# stands in for the cell that a reader edits
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
SEED = int(options.get("--seed", 0))
TOTAL_STEPS = int(options.get("--total-steps", 160000))

torch.manual_seed(SEED)
np.random.seed(SEED)

# In[3]:


num_envs = 8
envs = [gym.make("Pendulum-v1") for _ in range(num_envs)]
num_inputs = envs[0].observation_space.shape[0]
num_outputs = envs[0].action_space.shape[0]
max_action = float(envs[0].action_space.high[0])

# In[4]:


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.orthogonal_(m.weight, 1.0)
        nn.init.constant_(m.bias, 0.0)


class ActorCritic(nn.Module):
    def __init__(self, num_inputs, num_outputs, hidden_size):
        super(ActorCritic, self).__init__()
        self.critic = nn.Sequential(
            nn.Linear(num_inputs, hidden_size),
            nn.Tanh(),
            nn.Linear(hidden_size, hidden_size),
            nn.Tanh(),
            nn.Linear(hidden_size, 1),
        )
        self.actor = nn.Sequential(
            nn.Linear(num_inputs, hidden_size),
            nn.Tanh(),
            nn.Linear(hidden_size, hidden_size),
            nn.Tanh(),
            nn.Linear(hidden_size, num_outputs),
        )
        self.log_std = nn.Parameter(torch.zeros(1, num_outputs))
        self.apply(init_weights)
        with torch.no_grad():
            self.actor[-1].weight.mul_(0.01)

    def forward(self, x):
        mu = self.actor(x)
        std = self.log_std.exp().expand_as(mu)
        dist = Normal(mu, std)
        return dist, self.critic(x)


# In[5]:


def compute_gae(next_value, rewards, masks, values, gamma=0.9, tau=0.95):
    values = values + [next_value]
    gae = 0
    returns = []
    for step in reversed(range(len(rewards))):
        delta = rewards[step] + gamma * values[step + 1] * masks[step] - values[step]
        gae = delta + gamma * tau * masks[step] * gae
        returns.insert(0, gae + values[step])
    return returns


# In[6]:


def ppo_iter(mini_batch_size, states, actions, log_probs, returns, advantage):
    order = np.random.permutation(states.size(0))
    for start in range(0, states.size(0), mini_batch_size):
        ids = order[start : start + mini_batch_size]
        yield states[ids, :], actions[ids, :], log_probs[ids, :], returns[ids, :], advantage[ids, :]


def ppo_update(ppo_epochs, mini_batch_size, states, actions, log_probs, returns, advantages, clip_param=0.2):
    for _ in range(ppo_epochs):
        for state, action, old_log_probs, return_, advantage in ppo_iter(
            mini_batch_size, states, actions, log_probs, returns, advantages
        ):
            dist, value = model(state)
            entropy = dist.entropy().mean()
            new_log_probs = dist.log_prob(action)

            ratio = (new_log_probs - old_log_probs).exp()
            surr1 = ratio * advantage
            surr2 = torch.clamp(ratio, 1.0 - clip_param, 1.0 + clip_param) * advantage

            actor_loss = -torch.min(surr1, surr2).mean()
            critic_loss = (return_ - value).pow(2).mean()

            loss = 0.5 * critic_loss + actor_loss - 0.001 * entropy

            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()


# In[7]:


hidden_size = 64
lr = 1e-3
num_steps = 160
mini_batch_size = 160
ppo_epochs = 10
reward_scale = 0.1

model = ActorCritic(num_inputs, num_outputs, hidden_size)
optimizer = optim.Adam(model.parameters(), lr=lr)

# In[8]:


frame_idx = 0
test_rewards = []
episode_reward = np.zeros(num_envs)
state = np.stack([env.reset(seed=SEED + i)[0] for i, env in enumerate(envs)])

while frame_idx < TOTAL_STEPS:
    log_probs = []
    values = []
    states = []
    actions = []
    rewards = []
    masks = []

    for _ in range(num_steps):
        state = torch.FloatTensor(state)
        with torch.no_grad():
            dist, value = model(state)
            action = dist.sample()
            log_prob = dist.log_prob(action)

        next_state, reward, mask = [], [], []
        for i, env in enumerate(envs):
            s, r, terminated, truncated, _ = env.step(np.clip(action[i].numpy(), -max_action, max_action))
            episode_reward[i] += r
            if truncated and not terminated:
                # the episode goes on behind the limit: its value is added to the last reward
                with torch.no_grad():
                    r = r + 0.9 / reward_scale * model(torch.FloatTensor(s).unsqueeze(0))[1].item()
            if terminated or truncated:
                test_rewards.append(episode_reward[i])
                episode_reward[i] = 0.0
                s, _ = env.reset()
            next_state.append(s)
            reward.append(r)
            mask.append(1.0 - float(terminated or truncated))

        log_probs.append(log_prob)
        values.append(value)
        rewards.append(reward_scale * torch.FloatTensor(reward).unsqueeze(1))
        masks.append(torch.FloatTensor(mask).unsqueeze(1))
        states.append(state)
        actions.append(action)

        state = np.stack(next_state)
        frame_idx += num_envs

    with torch.no_grad():
        _, next_value = model(torch.FloatTensor(state))
    returns = compute_gae(next_value, rewards, masks, values)

    returns = torch.cat(returns)
    log_probs = torch.cat(log_probs)
    values = torch.cat(values)
    states = torch.cat(states)
    actions = torch.cat(actions)
    advantage = returns - values
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)

    ppo_update(ppo_epochs, mini_batch_size, states, actions, log_probs, returns, advantage)
    if test_rewards:
        print(f"{frame_idx} frames, mean reward of the last 20 episodes: {np.mean(test_rewards[-20:]):.1f}", flush=True)


# In[ ]:
