"""PPO on CartPole in one file: module-level code, a synchronous vector environment, one network trunk per head."""
import argparse
import random
import time

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch.distributions import Categorical

parser = argparse.ArgumentParser()
parser.add_argument("--env", default="CartPole-v1")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--total-steps", type=int, default=80_000)
parser.add_argument("--num-envs", type=int, default=8)
parser.add_argument("--num-steps", type=int, default=128)
parser.add_argument("--learning-rate", type=float, default=1e-3)
parser.add_argument("--anneal", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--gamma", type=float, default=0.99)
parser.add_argument("--gae-lambda", type=float, default=0.95)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--minibatches", type=int, default=4)
parser.add_argument("--clip-coef", type=float, default=0.2)
parser.add_argument("--ent-coef", type=float, default=0.01)
parser.add_argument("--vf-coef", type=float, default=0.5)
parser.add_argument("--max-grad-norm", type=float, default=0.5)
args = parser.parse_args()

random.seed(args.seed)
np.random.seed(args.seed)
torch.manual_seed(args.seed)


def make_env():
    env = gym.make(args.env)
    return gym.wrappers.RecordEpisodeStatistics(env)


def layer(inputs, outputs, gain=np.sqrt(2)):
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, gain)
    nn.init.zeros_(linear.bias)
    return linear


class ActorCritic(nn.Module):
    def __init__(self, obs_dim, n_actions):
        super().__init__()
        self.critic = nn.Sequential(
            layer(obs_dim, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, 1, gain=1.0)
        )
        self.actor = nn.Sequential(
            layer(obs_dim, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, n_actions, gain=0.01)
        )

    def get_value(self, x):
        return self.critic(x).squeeze(-1)

    def get_action_and_value(self, x, action=None):
        dist = Categorical(logits=self.actor(x))
        if action is None:
            action = dist.sample()
        return action, dist.log_prob(action), dist.entropy(), self.get_value(x)


envs = SyncVectorEnv([make_env for _ in range(args.num_envs)], autoreset_mode=AutoresetMode.SAME_STEP)
obs_dim = int(np.prod(envs.single_observation_space.shape))
agent = ActorCritic(obs_dim, envs.single_action_space.n)
optimizer = optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)

obs = torch.zeros(args.num_steps, args.num_envs, obs_dim)
actions = torch.zeros(args.num_steps, args.num_envs, dtype=torch.long)
logprobs = torch.zeros(args.num_steps, args.num_envs)
rewards = torch.zeros(args.num_steps, args.num_envs)
terminateds = torch.zeros(args.num_steps, args.num_envs)
dones = torch.zeros(args.num_steps, args.num_envs)
values = torch.zeros(args.num_steps, args.num_envs)
next_values = torch.zeros(args.num_steps, args.num_envs)

batch_size = args.num_envs * args.num_steps
minibatch_size = batch_size // args.minibatches
num_updates = max(1, args.total_steps // batch_size)
recent_returns = []
start = time.time()
next_obs, _ = envs.reset(seed=args.seed)
next_obs = torch.as_tensor(next_obs, dtype=torch.float32)

for update in range(1, num_updates + 1):
    if args.anneal:
        optimizer.param_groups[0]["lr"] = (1.0 - (update - 1) / num_updates) * args.learning_rate

    for step in range(args.num_steps):
        obs[step] = next_obs
        with torch.no_grad():
            action, logprob, _, value = agent.get_action_and_value(next_obs)
        actions[step], logprobs[step], values[step] = action, logprob, value

        following, reward, terminated, truncated, infos = envs.step(action.numpy())
        rewards[step] = torch.as_tensor(reward, dtype=torch.float32)
        terminateds[step] = torch.as_tensor(terminated, dtype=torch.float32)
        dones[step] = torch.as_tensor(terminated | truncated, dtype=torch.float32)

        # the vector environment resets within the step: the state that was reached is in final_obs
        reached = following.copy()
        if "final_obs" in infos:
            for i in np.flatnonzero(infos["_final_obs"]):
                reached[i] = infos["final_obs"][i]
                recent_returns.append(float(infos["final_info"]["episode"]["r"][i]))
        with torch.no_grad():
            next_values[step] = agent.get_value(torch.as_tensor(reached, dtype=torch.float32))
        next_obs = torch.as_tensor(following, dtype=torch.float32)

    advantages = torch.zeros_like(rewards)
    lastgaelam = torch.zeros(args.num_envs)
    for t in reversed(range(args.num_steps)):
        delta = rewards[t] + args.gamma * next_values[t] * (1.0 - terminateds[t]) - values[t]
        lastgaelam = delta + args.gamma * args.gae_lambda * (1.0 - dones[t]) * lastgaelam
        advantages[t] = lastgaelam
    returns = advantages + values

    b_obs = obs.reshape(-1, obs_dim)
    b_actions = actions.reshape(-1)
    b_logprobs = logprobs.reshape(-1)
    b_advantages = advantages.reshape(-1)
    b_returns = returns.reshape(-1)

    indices = np.arange(batch_size)
    for epoch in range(args.epochs):
        np.random.shuffle(indices)
        for begin in range(0, batch_size, minibatch_size):
            mb = indices[begin : begin + minibatch_size]
            _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb], b_actions[mb])
            ratio = (newlogprob - b_logprobs[mb]).exp()

            mb_advantages = b_advantages[mb]
            mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
            surr1 = ratio * mb_advantages
            surr2 = torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef) * mb_advantages
            pg_loss = -torch.min(surr1, surr2).mean()
            v_loss = 0.5 * ((newvalue - b_returns[mb]) ** 2).mean()
            entropy_loss = entropy.mean()
            loss = pg_loss - args.ent_coef * entropy_loss + args.vf_coef * v_loss

            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()

    if update % 5 == 0 or update == num_updates:
        mean_return = np.mean(recent_returns[-50:]) if recent_returns else float("nan")
        steps_per_second = int(update * batch_size / (time.time() - start))
        print(f"step {update * batch_size:7d}  return {mean_return:7.1f}  {steps_per_second} steps/s", flush=True)

envs.close()
