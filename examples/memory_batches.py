"""PPO agent with a memory that hands out batches, an actor and a critic; it looks after a greenhouse of seedlings."""
import argparse
import os

import gymnasium as gym
import numpy as np
import torch as T
import torch.nn as nn
import torch.optim as optim
from torch.distributions.categorical import Categorical


class GreenhouseEnv(gym.Env):
    """Every half hour: wait, heat, vent or water. Frost, heat, drought and rot kill the seedlings.

    Observation: warmth and moisture inside (best at 0, deadly beyond -1 and 1), warmth outside, sine and cosine of the
    time of day. The sun and a slow, random weather pull the warmth inside; warm air and open vents dry the soil.
    """

    def __init__(self):
        self.observation_space = gym.spaces.Box(-5.0, 5.0, (5,), np.float32)
        self.action_space = gym.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.warmth, self.moisture = self.np_random.uniform(-0.4, 0.4, 2)
        self.weather = self.np_random.normal(0.0, 0.5)
        self.clock = int(self.np_random.integers(48))
        return self.observe(), {}

    def step(self, action):
        heat, vent, water = (float(action == i) for i in (1, 2, 3))
        self.weather = 0.95 * self.weather + self.np_random.normal(0.0, 0.2)
        self.clock += 1
        self.warmth += 0.15 * (self.outside() - self.warmth) + 0.25 * heat - 0.25 * vent - 0.04 * water
        self.moisture += 0.25 * water - 0.06 * vent - 0.06 * (1.0 + 0.5 * self.warmth)
        dead = bool(abs(self.warmth) > 1.0 or abs(self.moisture) > 1.0)
        reward = 0.4 - 0.5 * self.warmth**2 - 0.3 * self.moisture**2 - 3.0 * dead
        return self.observe(), float(reward), dead, False, {}

    def outside(self):
        return self.weather + np.sin(2 * np.pi * self.clock / 48)

    def observe(self):
        angle = 2 * np.pi * self.clock / 48
        return np.array([self.warmth, self.moisture, self.outside(), np.sin(angle), np.cos(angle)], dtype=np.float32)


gym.register("Greenhouse-v0", entry_point=GreenhouseEnv, max_episode_steps=60)


class PPOMemory:
    def __init__(self, batch_size):
        self.batch_size = batch_size
        self.clear_memory()

    def store_memory(self, state, action, probs, vals, reward, done, cut, cut_val):
        self.states.append(state)
        self.actions.append(action)
        self.probs.append(probs)
        self.vals.append(vals)
        self.rewards.append(reward)
        self.dones.append(done)
        self.cuts.append(cut)
        self.cut_vals.append(cut_val)

    def generate_batches(self):
        n_states = len(self.states)
        batch_start = np.arange(0, n_states, self.batch_size)
        indices = np.arange(n_states, dtype=np.int64)
        np.random.shuffle(indices)
        return [indices[i : i + self.batch_size] for i in batch_start]

    def clear_memory(self):
        self.states, self.actions, self.probs, self.vals = [], [], [], []
        self.rewards, self.dones, self.cuts, self.cut_vals = [], [], [], []


class ActorNetwork(nn.Module):
    def __init__(self, input_dims, n_actions, alpha, fc1_dims=64, fc2_dims=64, chkpt_dir="."):
        super().__init__()
        self.checkpoint_file = os.path.join(chkpt_dir, "actor_torch_ppo")
        self.actor = nn.Sequential(
            nn.Linear(input_dims, fc1_dims),
            nn.Tanh(),
            nn.Linear(fc1_dims, fc2_dims),
            nn.Tanh(),
            nn.Linear(fc2_dims, n_actions),
            nn.Softmax(dim=-1),
        )
        nn.init.orthogonal_(self.actor[4].weight, gain=0.01)
        self.optimizer = optim.Adam(self.parameters(), lr=alpha, eps=1e-5)

    def forward(self, state):
        return Categorical(self.actor(state))

    def save_checkpoint(self):
        T.save(self.state_dict(), self.checkpoint_file)

    def load_checkpoint(self):
        self.load_state_dict(T.load(self.checkpoint_file))


class CriticNetwork(nn.Module):
    def __init__(self, input_dims, beta, fc1_dims=64, fc2_dims=64, chkpt_dir="."):
        super().__init__()
        self.checkpoint_file = os.path.join(chkpt_dir, "critic_torch_ppo")
        self.critic = nn.Sequential(
            nn.Linear(input_dims, fc1_dims),
            nn.Tanh(),
            nn.Linear(fc1_dims, fc2_dims),
            nn.Tanh(),
            nn.Linear(fc2_dims, 1),
        )
        self.optimizer = optim.Adam(self.parameters(), lr=beta, eps=1e-5)

    def forward(self, state):
        return self.critic(state)

    def save_checkpoint(self):
        T.save(self.state_dict(), self.checkpoint_file)

    def load_checkpoint(self):
        self.load_state_dict(T.load(self.checkpoint_file))


class Agent:
    def __init__(self, n_actions, input_dims, gamma=0.97, gae_lambda=0.95, alpha=0.001, beta=0.002, policy_clip=0.2,
                 batch_size=64, n_epochs=6, entropy_coef=0.005, max_grad_norm=0.3, chkpt_dir="."):
        self.gamma, self.gae_lambda, self.policy_clip = gamma, gae_lambda, policy_clip
        self.n_epochs, self.entropy_coef, self.max_grad_norm = n_epochs, entropy_coef, max_grad_norm
        self.actor = ActorNetwork(input_dims, n_actions, alpha, chkpt_dir=chkpt_dir)
        self.critic = CriticNetwork(input_dims, beta, chkpt_dir=chkpt_dir)
        self.memory = PPOMemory(batch_size)

    def remember(self, state, action, probs, vals, reward, done, cut, cut_val):
        self.memory.store_memory(state, action, probs, vals, reward, done, cut, cut_val)

    def save_models(self):
        print("... saving models ...")
        self.actor.save_checkpoint()
        self.critic.save_checkpoint()

    def choose_action(self, observation):
        state = T.tensor(np.array([observation]), dtype=T.float)
        with T.no_grad():
            dist = self.actor(state)
            value = self.critic(state)
            action = dist.sample()
            probs = dist.log_prob(action)
        return T.squeeze(action).item(), T.squeeze(probs).item(), T.squeeze(value).item()

    def evaluate(self, observation):
        with T.no_grad():
            return self.critic(T.tensor(np.array([observation]), dtype=T.float)).item()

    def calc_advantage(self, reward_arr, vals_arr, last_val):
        dones, cuts = self.memory.dones, self.memory.cuts
        next_vals = np.append(vals_arr[1:], last_val)
        advantage = np.zeros(len(reward_arr), dtype=np.float32)
        for t in range(len(reward_arr)):
            discount = 1
            a_t = 0
            for k in range(t, len(reward_arr)):
                next_val = self.memory.cut_vals[k] if cuts[k] else next_vals[k]
                a_t += discount * (reward_arr[k] + self.gamma * next_val * (1 - int(dones[k])) - vals_arr[k])
                if dones[k] or cuts[k]:
                    break
                discount *= self.gamma * self.gae_lambda
            advantage[t] = a_t
        return advantage

    def learn(self, last_observation):
        state_arr = np.array(self.memory.states)
        action_arr = np.array(self.memory.actions)
        old_prob_arr = np.array(self.memory.probs, dtype=np.float32)
        vals_arr = np.array(self.memory.vals, dtype=np.float32)
        reward_arr = np.array(self.memory.rewards, dtype=np.float32)

        advantage = self.calc_advantage(reward_arr, vals_arr, self.evaluate(last_observation))
        return_arr = advantage + vals_arr
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)

        for _ in range(self.n_epochs):
            for batch in self.memory.generate_batches():
                states = T.tensor(state_arr[batch], dtype=T.float)
                old_probs = T.tensor(old_prob_arr[batch])
                actions = T.tensor(action_arr[batch])
                weights = T.tensor(advantage[batch])
                returns = T.tensor(return_arr[batch])

                dist = self.actor(states)
                critic_value = self.critic(states)
                critic_value = T.squeeze(critic_value)

                new_probs = dist.log_prob(actions)
                prob_ratio = new_probs.exp() / old_probs.exp()
                weighted_probs = weights * prob_ratio
                weighted_clipped_probs = T.clamp(prob_ratio, 1 - self.policy_clip, 1 + self.policy_clip) * weights
                actor_loss = -T.min(weighted_probs, weighted_clipped_probs).mean()

                critic_loss = (returns - critic_value) ** 2
                critic_loss = critic_loss.mean()
                entropy = dist.entropy().mean()

                total_loss = actor_loss + 0.5 * critic_loss - self.entropy_coef * entropy
                self.actor.optimizer.zero_grad()
                self.critic.optimizer.zero_grad()
                total_loss.backward()
                nn.utils.clip_grad_norm_(self.actor.parameters(), self.max_grad_norm)
                nn.utils.clip_grad_norm_(self.critic.parameters(), self.max_grad_norm)
                self.actor.optimizer.step()
                self.critic.optimizer.step()

        self.memory.clear_memory()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-steps", type=int, default=61_440)
    parser.add_argument("--chkpt-dir", default="")
    args = parser.parse_args()
    T.manual_seed(args.seed)
    T.set_num_threads(1)
    np.random.seed(args.seed)

    N = 1024
    env = gym.make("Greenhouse-v0")
    agent = Agent(n_actions=env.action_space.n, input_dims=env.observation_space.shape[0], chkpt_dir=args.chkpt_dir)
    best_score = -np.inf
    score_history = []
    learn_iters, n_steps, score = 0, 0, 0
    observation, _ = env.reset(seed=args.seed)

    while n_steps < args.total_steps:
        action, prob, val = agent.choose_action(observation)
        observation_, reward, terminated, truncated, _ = env.step(action)
        n_steps += 1
        score += reward
        cut_val = agent.evaluate(observation_) if truncated else 0.0
        agent.remember(observation, action, prob, val, reward, terminated, truncated, cut_val)
        observation = observation_

        if terminated or truncated:
            score_history.append(score)
            score = 0
            observation, _ = env.reset()

        if n_steps % N == 0:
            agent.learn(observation)
            learn_iters += 1
            avg_score = np.mean(score_history[-50:])
            if args.chkpt_dir and avg_score > best_score:
                best_score = avg_score
                agent.save_models()
            print(f"time_steps {n_steps} learning_steps {learn_iters} episode {len(score_history)} "
                  f"avg score {avg_score:.2f}", flush=True)
    env.close()


if __name__ == "__main__":
    main()
