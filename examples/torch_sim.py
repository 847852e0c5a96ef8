"""PPO for a ball-balancing table, simulated as one batch of torch tensors: a command moves, the ball has to follow."""

import argparse
from collections import deque

import torch
import torch.nn as nn
from torch.distributions import Normal

ENV_CFG = {"num_envs": 64, "dt": 0.05, "episode_length_s": 5.0, "clip_actions": 1.0, "max_tilt": 0.2, "radius": 0.5}
REWARD_SCALES = {"tracking": 2.0, "action_rate": -0.3, "ball_lost": -20.0}
PPO_CFG = {"gamma": 0.98, "lam": 0.95, "clip_param": 0.2, "value_clip": 0.5, "value_coef": 1.0, "entropy_coef": 0.01}
OPTIMIZER_CFG = {"learning_rate": 1e-3, "desired_kl": 0.01, "min_lr": 1e-5, "max_lr": 1e-2, "max_grad_norm": 0.5}
RUNNER_CFG = {"num_steps_per_env": 24, "num_learning_epochs": 5, "num_mini_batches": 4}
CFG = {**PPO_CFG, **OPTIMIZER_CFG, **RUNNER_CFG}
POLICY_CFG = {"hidden_dims": [64, 64], "init_noise_std": 0.8}


class BallTable:
    """Tilt servos on two axes, one ball a table; the commanded spot is drawn anew with every episode."""

    def __init__(self, cfg, seed):
        self.cfg, self.num_envs, self.dt = cfg, cfg["num_envs"], cfg["dt"]
        self.num_obs, self.num_actions = 10, 2
        self.max_episode_length = int(cfg["episode_length_s"] / self.dt)
        self.generator = torch.Generator().manual_seed(seed)
        self.ball_pos, self.ball_vel, self.tilt = (torch.zeros(self.num_envs, 2) for _ in range(3))
        self.commands, self.actions, self.last_actions = (torch.zeros(self.num_envs, 2) for _ in range(3))
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.long)

    def reset(self):
        self.reset_idx(torch.arange(self.num_envs))
        return self.compute_observations()

    def reset_idx(self, env_ids):
        self.ball_pos[env_ids] = self.uniform(env_ids, 0.2)
        self.ball_vel[env_ids] = self.uniform(env_ids, 0.3)
        self.commands[env_ids] = self.uniform(env_ids, 0.25)
        self.tilt[env_ids] = 0.0
        self.last_actions[env_ids] = 0.0
        self.episode_length_buf[env_ids] = 0

    def uniform(self, env_ids, limit):
        return limit * (2.0 * torch.rand(len(env_ids), 2, generator=self.generator) - 1.0)

    def step(self, actions):
        self.actions = actions.clamp(-self.cfg["clip_actions"], self.cfg["clip_actions"])
        self.tilt = self.tilt + 0.4 * (self.cfg["max_tilt"] * self.actions - self.tilt)
        self.ball_vel = 0.995 * self.ball_vel + self.dt * 7.0 * torch.sin(self.tilt)
        self.ball_pos = self.ball_pos + self.dt * self.ball_vel
        self.episode_length_buf += 1

        lost = self.ball_pos.norm(dim=-1) > self.cfg["radius"]
        time_outs = (self.episode_length_buf >= self.max_episode_length) & ~lost
        rewards = self.compute_reward(lost)
        dones = lost | time_outs
        self.last_actions = self.actions.clone()
        extras = {"time_outs": time_outs, "final_obs": self.compute_observations()}
        self.reset_idx(dones.nonzero().flatten())
        return self.compute_observations(), rewards, dones, extras

    def compute_reward(self, lost):
        terms = {
            "tracking": torch.exp(-((self.ball_pos - self.commands) ** 2).sum(-1) / 0.05),
            "action_rate": ((self.actions - self.last_actions) ** 2).sum(-1),
            "ball_lost": lost.float(),
        }
        return sum(REWARD_SCALES[name] * self.dt * term for name, term in terms.items())

    def compute_observations(self):
        error = self.commands - self.ball_pos
        return torch.cat([2.0 * self.ball_pos, self.ball_vel, 5.0 * self.tilt, 2.0 * error, self.last_actions], dim=-1)


def mlp(n_in, hidden_dims, n_out, last_gain):
    sizes = [n_in, *hidden_dims]
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(a, b), nn.ELU()]
    layers.append(nn.Linear(sizes[-1], n_out))
    nn.init.orthogonal_(layers[-1].weight, last_gain)
    nn.init.zeros_(layers[-1].bias)
    return nn.Sequential(*layers)


class ActorCritic(nn.Module):
    def __init__(self, num_obs, num_actions, hidden_dims, init_noise_std):
        super().__init__()
        self.actor = mlp(num_obs, hidden_dims, num_actions, last_gain=0.01)
        self.critic = mlp(num_obs, hidden_dims, 1, last_gain=1.0)
        self.std = nn.Parameter(init_noise_std * torch.ones(num_actions))
        self.distribution = None

    def update_distribution(self, observations):
        mean = self.actor(observations)
        self.distribution = Normal(mean, self.std.clamp(min=0.02).expand_as(mean))

    def act(self, observations):
        self.update_distribution(observations)
        return self.distribution.sample()

    def get_actions_log_prob(self, actions):
        return self.distribution.log_prob(actions).sum(dim=-1)

    def evaluate(self, observations):
        return self.critic(observations)


class RolloutStorage:
    def __init__(self, num_steps, num_envs, num_obs, num_actions):
        self.num_steps, self.num_envs, self.step = num_steps, num_envs, 0
        self.observations = torch.zeros(num_steps, num_envs, num_obs)
        self.actions, self.mu, self.sigma = (torch.zeros(num_steps, num_envs, num_actions) for _ in range(3))
        self.actions_log_prob, self.values = (torch.zeros(num_steps, num_envs, 1) for _ in range(2))
        self.rewards, self.dones = (torch.zeros(num_steps, num_envs, 1) for _ in range(2))
        self.returns, self.advantages = (torch.zeros(num_steps, num_envs, 1) for _ in range(2))

    def add_transitions(self, transition):
        if self.step >= self.num_steps:
            raise AssertionError("Rollout buffer overflow")
        for name, column in transition.items():
            getattr(self, name)[self.step].copy_(column.view(self.num_envs, -1))
        self.step += 1

    def clear(self):
        self.step = 0

    def compute_returns(self, last_values, gamma, lam):
        advantage = torch.zeros_like(last_values)
        for step in reversed(range(self.num_steps)):
            next_values = last_values if step == self.num_steps - 1 else self.values[step + 1]
            not_done = 1.0 - self.dones[step]
            delta = self.rewards[step] + gamma * not_done * next_values - self.values[step]
            advantage = delta + gamma * lam * not_done * advantage
            self.returns[step] = advantage + self.values[step]
        self.advantages = self.returns - self.values
        self.advantages = (self.advantages - self.advantages.mean()) / (self.advantages.std() + 1e-8)

    def mini_batch_generator(self, num_mini_batches, num_epochs):
        batch_size = self.num_envs * self.num_steps
        names = ("observations", "actions", "actions_log_prob", "mu", "sigma", "values", "advantages", "returns")
        flat = [getattr(self, name).flatten(0, 1) for name in names]
        for _ in range(num_epochs):
            indices = torch.randperm(batch_size)
            for batch_idx in indices.chunk(num_mini_batches):
                yield [column[batch_idx] for column in flat]


class PPO:
    def __init__(self, actor_critic, storage, cfg):
        self.actor_critic, self.storage, self.cfg = actor_critic, storage, cfg
        self.learning_rate = cfg["learning_rate"]
        self.optimizer = torch.optim.Adam(self.actor_critic.parameters(), lr=self.learning_rate, eps=1e-5)
        self.transition = {}

    def act(self, obs):
        actions = self.actor_critic.act(obs)
        self.transition["observations"] = obs
        self.transition["actions"] = actions
        self.transition["actions_log_prob"] = self.actor_critic.get_actions_log_prob(actions)
        self.transition["mu"] = self.actor_critic.distribution.mean
        self.transition["sigma"] = self.actor_critic.distribution.stddev
        self.transition["values"] = self.actor_critic.evaluate(obs)
        return actions

    def process_env_step(self, rewards, dones, extras):
        # an episode that only ran out of time is credited with what its last state was still worth
        final_values = self.actor_critic.evaluate(extras["final_obs"]).squeeze(-1)
        self.transition["rewards"] = rewards + self.cfg["gamma"] * final_values * extras["time_outs"]
        self.transition["dones"] = dones
        self.storage.add_transitions(self.transition)
        self.transition = {}

    def compute_returns(self, last_obs):
        last_values = self.actor_critic.evaluate(last_obs)
        self.storage.compute_returns(last_values, self.cfg["gamma"], self.cfg["lam"])

    def adapt_learning_rate(self, mu, sigma, old_mu, old_sigma):
        kl = torch.log(sigma / old_sigma) + (old_sigma**2 + (old_mu - mu) ** 2) / (2.0 * sigma**2) - 0.5
        kl_mean = kl.sum(dim=-1).mean().item()
        if kl_mean > 2.0 * self.cfg["desired_kl"]:
            self.learning_rate = max(self.cfg["min_lr"], self.learning_rate / 1.5)
        elif 0.0 < kl_mean < 0.5 * self.cfg["desired_kl"]:
            self.learning_rate = min(self.cfg["max_lr"], self.learning_rate * 1.5)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate

    def update(self):
        cfg = self.cfg
        clip = cfg["clip_param"]
        generator = self.storage.mini_batch_generator(cfg["num_mini_batches"], cfg["num_learning_epochs"])
        for obs, actions, old_log_prob, old_mu, old_sigma, target_values, advantages, returns in generator:
            self.actor_critic.update_distribution(obs)
            log_prob = self.actor_critic.get_actions_log_prob(actions)
            value = self.actor_critic.evaluate(obs)
            dist = self.actor_critic.distribution
            with torch.no_grad():
                self.adapt_learning_rate(dist.mean, dist.stddev, old_mu, old_sigma)

            ratio = torch.exp(log_prob - old_log_prob.squeeze(-1))
            surrogate = -advantages.squeeze(-1) * ratio
            surrogate_clipped = -advantages.squeeze(-1) * torch.clamp(ratio, 1.0 - clip, 1.0 + clip)
            surrogate_loss = torch.max(surrogate, surrogate_clipped).mean()

            value_clipped = target_values + (value - target_values).clamp(-cfg["value_clip"], cfg["value_clip"])
            value_losses, value_losses_clipped = (value - returns).pow(2), (value_clipped - returns).pow(2)
            value_loss = torch.max(value_losses, value_losses_clipped).mean()

            entropy = dist.entropy().sum(dim=-1).mean()
            loss = surrogate_loss + cfg["value_coef"] * value_loss - cfg["entropy_coef"] * entropy
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.actor_critic.parameters(), cfg["max_grad_norm"])
            self.optimizer.step()
        self.storage.clear()


def learn(seed, max_iterations):
    torch.manual_seed(seed)
    env = BallTable(ENV_CFG, seed)
    num_steps = CFG["num_steps_per_env"]
    policy = ActorCritic(env.num_obs, env.num_actions, **POLICY_CFG)
    alg = PPO(policy, RolloutStorage(num_steps, env.num_envs, env.num_obs, env.num_actions), CFG)
    obs = env.reset()
    # the tables start out of step with each other, or all of their time-outs would fall into one rollout
    env.episode_length_buf = torch.randint(env.max_episode_length, (env.num_envs,))
    episode_return, rewbuffer = torch.zeros(env.num_envs), deque(maxlen=100)
    for it in range(1, max_iterations + 1):
        with torch.no_grad():
            for _ in range(num_steps):
                actions = alg.act(obs)
                obs, rewards, dones, extras = env.step(actions)
                alg.process_env_step(rewards, dones, extras)
                episode_return += rewards
                rewbuffer.extend(episode_return[dones].tolist())
                episode_return[dones] = 0.0
            alg.compute_returns(obs)
        alg.update()
        if it % 10 == 0 and rewbuffer:
            mean = sum(rewbuffer) / len(rewbuffer)
            std = policy.std.mean().item()
            print(f"iteration {it:4d}  return {mean:6.2f}  std {std:4.2f}  lr {alg.learning_rate:.1e}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-iterations", type=int, default=300)
    args = parser.parse_args()
    learn(args.seed, args.max_iterations)
