"""Our little RL library in one file: policy, vector environment, rollout buffer and PPO; it flies a balloon."""

import argparse
from collections import deque
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical


class Balloon(gym.Env):
    """Hold the height that was ordered. Vent, drift, burn or burn hard; hot air cools, and carries with a delay.

    Observation: height and ordered height (of the ceiling), climb (m/s, tenths), heat above balance. The flight ends
    on the ground or at the ceiling.
    """

    ceiling, heating = 240.0, np.array([-0.35, 0.0, 0.3, 0.7])

    def __init__(self):
        self.observation_space = gym.spaces.Box(-5.0, 5.0, (4,), np.float32)
        self.action_space = gym.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.height, self.target = self.np_random.uniform(50.0, 190.0, 2)
        self.climb, self.heat = self.np_random.uniform(-2.0, 2.0), self.np_random.uniform(-0.5, 0.5)
        return self._observation(), {}

    def step(self, action):
        self.heat += self.heating[action] - 0.12 * (self.heat + 1.0)
        self.climb += 2.0 * self.heat - 0.1 * self.climb + self.np_random.normal(0.0, 0.3)
        self.height += self.climb
        ended = not 0.0 < self.height < self.ceiling
        error = abs(self.height - self.target) / 20.0
        reward = 1.0 / (1.0 + error**2) - 0.1 * max(0.0, self.heating[action]) - 4.0 * ended
        return self._observation(), float(reward), ended, False, {}

    def _observation(self):
        level, order = 2.0 * np.array([self.height, self.target]) / self.ceiling - 1.0
        return np.array([level, order, self.climb / 10.0, self.heat], np.float32).clip(-5.0, 5.0)


gym.register("Balloon-v0", entry_point=Balloon, max_episode_steps=60)


class DummyVecEnv:
    """Steps a list of environments one after the other; an episode that ends is reset in the same step."""

    def __init__(self, env_fns):
        self.envs = [fn() for fn in env_fns]
        self.num_envs = len(self.envs)
        self.observation_space, self.action_space = self.envs[0].observation_space, self.envs[0].action_space
        self._seeds = [None] * self.num_envs
        self.buf_obs = np.zeros((self.num_envs, *self.observation_space.shape), dtype=np.float32)
        self.buf_dones = np.zeros(self.num_envs, dtype=bool)
        self.buf_rews = np.zeros(self.num_envs, dtype=np.float32)
        self.buf_infos = [{} for _ in range(self.num_envs)]

    def seed(self, seed):
        self._seeds = [seed + idx for idx in range(self.num_envs)]

    def reset(self):
        for idx, env in enumerate(self.envs):
            self.buf_obs[idx], self.buf_infos[idx] = env.reset(seed=self._seeds[idx])
        self._seeds = [None] * self.num_envs
        return self.buf_obs.copy()

    def step(self, actions):
        for idx, env in enumerate(self.envs):
            obs, self.buf_rews[idx], terminated, truncated, info = env.step(actions[idx])
            self.buf_dones[idx] = terminated or truncated
            info["TimeLimit.truncated"] = truncated and not terminated
            if self.buf_dones[idx]:
                info["terminal_observation"] = obs
                obs, _ = env.reset()
            self.buf_obs[idx], self.buf_infos[idx] = obs, info
        return self.buf_obs.copy(), self.buf_rews.copy(), self.buf_dones.copy(), list(self.buf_infos)


class RolloutBufferSamples(NamedTuple):
    observations: torch.Tensor
    actions: torch.Tensor
    old_values: torch.Tensor
    old_log_prob: torch.Tensor
    advantages: torch.Tensor
    returns: torch.Tensor


class RolloutBuffer:
    def __init__(self, buffer_size, observation_space, n_envs, gamma=0.99, gae_lambda=0.95):
        self.buffer_size, self.n_envs = buffer_size, n_envs
        self.obs_shape = observation_space.shape
        self.gamma, self.gae_lambda = gamma, gae_lambda
        self.reset()

    def reset(self):
        shape = (self.buffer_size, self.n_envs)
        self.observations = np.zeros((*shape, *self.obs_shape), dtype=np.float32)
        self.actions = np.zeros(shape, dtype=np.int64)
        self.rewards = np.zeros(shape, dtype=np.float32)
        self.episode_starts = np.zeros(shape, dtype=np.float32)
        self.values = np.zeros(shape, dtype=np.float32)
        self.log_probs = np.zeros(shape, dtype=np.float32)
        self.advantages = np.zeros(shape, dtype=np.float32)
        self.returns = np.zeros(shape, dtype=np.float32)
        self.pos, self.full = 0, False

    def add(self, obs, action, reward, episode_start, value, log_prob):
        self.observations[self.pos] = obs
        self.actions[self.pos] = action
        self.rewards[self.pos] = reward
        self.episode_starts[self.pos] = episode_start
        self.values[self.pos] = value.numpy().flatten()
        self.log_probs[self.pos] = log_prob.numpy()
        self.pos += 1
        self.full = self.pos == self.buffer_size

    def compute_returns_and_advantage(self, last_values, dones):
        last_values = last_values.numpy().flatten()
        last_gae_lam = 0.0
        for step in reversed(range(self.buffer_size)):
            if step == self.buffer_size - 1:
                next_non_terminal = 1.0 - dones.astype(np.float32)
                next_values = last_values
            else:
                next_non_terminal = 1.0 - self.episode_starts[step + 1]
                next_values = self.values[step + 1]
            delta = self.rewards[step] + self.gamma * next_values * next_non_terminal - self.values[step]
            last_gae_lam = delta + self.gamma * self.gae_lambda * next_non_terminal * last_gae_lam
            self.advantages[step] = last_gae_lam
        self.returns = self.advantages + self.values

    @staticmethod
    def swap_and_flatten(arr):
        return arr.swapaxes(0, 1).reshape(arr.shape[0] * arr.shape[1], *arr.shape[2:])

    def get(self, batch_size):
        assert self.full, "the rollout is not complete"
        indices = np.random.permutation(self.buffer_size * self.n_envs)
        columns = (self.observations, self.actions, self.values, self.log_probs, self.advantages, self.returns)
        flat = [torch.as_tensor(self.swap_and_flatten(column)) for column in columns]
        for start in range(0, len(indices), batch_size):
            batch = indices[start : start + batch_size]
            yield RolloutBufferSamples(*(column[batch] for column in flat))


class FlattenExtractor(nn.Module):
    def __init__(self, observation_space):
        super().__init__()
        self.flatten = nn.Flatten()
        self.features_dim = int(np.prod(observation_space.shape))

    def forward(self, observations):
        return self.flatten(observations)


class MlpExtractor(nn.Module):
    """Two separate stacks of layers, one for the policy and one for the value function."""

    def __init__(self, feature_dim, net_arch, activation_fn):
        super().__init__()
        self.policy_net = self._build(feature_dim, net_arch["pi"], activation_fn)
        self.value_net = self._build(feature_dim, net_arch["vf"], activation_fn)
        self.latent_dim_pi, self.latent_dim_vf = net_arch["pi"][-1], net_arch["vf"][-1]

    @staticmethod
    def _build(last_dim, sizes, activation_fn):
        layers = []
        for size in sizes:
            layers += [nn.Linear(last_dim, size), activation_fn()]
            last_dim = size
        return nn.Sequential(*layers)


class BasePolicy(nn.Module):
    @staticmethod
    def init_weights(module, gain=1.0):
        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight, gain=gain)
            module.bias.data.fill_(0.0)

    def obs_to_tensor(self, obs):
        return torch.as_tensor(obs, dtype=torch.float32)


class ActorCriticPolicy(BasePolicy):
    def __init__(self, observation_space, action_space, lr_schedule, net_arch=None, activation_fn=nn.Tanh):
        super().__init__()
        net_arch = net_arch or {"pi": [64, 64], "vf": [64, 64]}
        self.features_extractor = FlattenExtractor(observation_space)
        self.mlp_extractor = MlpExtractor(self.features_extractor.features_dim, net_arch, activation_fn)
        self.action_net = nn.Linear(self.mlp_extractor.latent_dim_pi, int(action_space.n))
        self.value_net = nn.Linear(self.mlp_extractor.latent_dim_vf, 1)
        gains = {self.mlp_extractor: np.sqrt(2), self.action_net: 0.01, self.value_net: 1.0}
        for module, gain in gains.items():
            module.apply(lambda m, gain=gain: self.init_weights(m, gain))
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lr_schedule(1.0), eps=1e-5)

    def forward(self, obs):
        distribution, values = self.get_distribution(obs), self.predict_values(obs)
        actions = distribution.sample()
        return actions, values, distribution.log_prob(actions)

    def get_distribution(self, obs):
        latent_pi = self.mlp_extractor.policy_net(self.features_extractor(obs))
        return Categorical(logits=self.action_net(latent_pi))

    def predict_values(self, obs):
        latent_vf = self.mlp_extractor.value_net(self.features_extractor(obs))
        return self.value_net(latent_vf)

    def evaluate_actions(self, obs, actions):
        distribution = self.get_distribution(obs)
        return self.predict_values(obs), distribution.log_prob(actions), distribution.entropy()


def linear_schedule(initial, final=0.0):
    return lambda progress_remaining: final + progress_remaining * (initial - final)


def get_schedule_fn(value):
    return value if callable(value) else lambda _: float(value)


def explained_variance(y_pred, y_true):
    variance = np.var(y_true)
    return np.nan if variance == 0 else float(1.0 - np.var(y_true - y_pred) / variance)


class PPO:
    def __init__(
        self,
        env,
        learning_rate=3e-4,
        n_steps=128,
        batch_size=64,
        n_epochs=10,
        gamma=0.99,
        gae_lambda=0.95,
        clip_range=0.2,
        clip_range_vf=None,
        normalize_advantage=True,
        ent_coef=0.0,
        vf_coef=0.5,
        max_grad_norm=0.5,
        target_kl=None,
        seed=0,
    ):
        torch.manual_seed(seed)
        np.random.seed(seed)
        env.seed(seed)
        self.env, self.n_steps, self.batch_size, self.n_epochs = env, n_steps, batch_size, n_epochs
        self.gamma, self.ent_coef, self.vf_coef = gamma, ent_coef, vf_coef
        self.max_grad_norm, self.target_kl, self.normalize_advantage = max_grad_norm, target_kl, normalize_advantage
        self.lr_schedule, self.clip_range = get_schedule_fn(learning_rate), get_schedule_fn(clip_range)
        self.clip_range_vf = None if clip_range_vf is None else get_schedule_fn(clip_range_vf)
        self.policy = ActorCriticPolicy(env.observation_space, env.action_space, self.lr_schedule)
        self.rollout_buffer = RolloutBuffer(n_steps, env.observation_space, env.num_envs, gamma, gae_lambda)
        self.num_timesteps, self.n_updates, self.progress_remaining = 0, 0, 1.0
        self.ep_info_buffer, self.logger = deque(maxlen=100), {}
        self._last_obs, self._last_episode_starts = None, None

    def collect_rollouts(self, callback=None):
        self.rollout_buffer.reset()
        for _ in range(self.n_steps):
            with torch.no_grad():
                actions, values, log_probs = self.policy(self.policy.obs_to_tensor(self._last_obs))
            new_obs, rewards, dones, infos = self.env.step(actions.numpy())
            self.num_timesteps += self.env.num_envs
            self.ep_info_buffer.extend(info["episode"] for info in infos if "episode" in info)
            if callback is not None and callback(self) is False:
                return False

            for idx, done in enumerate(dones):
                if done and infos[idx]["TimeLimit.truncated"]:
                    terminal_obs = self.policy.obs_to_tensor(infos[idx]["terminal_observation"]).unsqueeze(0)
                    with torch.no_grad():
                        terminal_value = self.policy.predict_values(terminal_obs)[0]
                    rewards[idx] += self.gamma * terminal_value.item()

            self.rollout_buffer.add(self._last_obs, actions, rewards, self._last_episode_starts, values, log_probs)
            self._last_obs, self._last_episode_starts = new_obs, dones

        with torch.no_grad():
            last_values = self.policy.predict_values(self.policy.obs_to_tensor(new_obs))
        self.rollout_buffer.compute_returns_and_advantage(last_values, dones)
        return True

    def train(self):
        for group in self.policy.optimizer.param_groups:
            group["lr"] = self.lr_schedule(self.progress_remaining)
        clip_range = self.clip_range(self.progress_remaining)
        continue_training = True
        for _ in range(self.n_epochs):
            approx_kls, clip_fractions = [], []
            for rollout_data in self.rollout_buffer.get(self.batch_size):
                values, log_prob, entropy = self.policy.evaluate_actions(
                    rollout_data.observations, rollout_data.actions
                )
                values = values.flatten()
                advantages = rollout_data.advantages
                if self.normalize_advantage and len(advantages) > 1:
                    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)

                ratio = torch.exp(log_prob - rollout_data.old_log_prob)
                policy_loss_1 = advantages * ratio
                policy_loss_2 = advantages * torch.clamp(ratio, 1 - clip_range, 1 + clip_range)
                policy_loss = -torch.min(policy_loss_1, policy_loss_2).mean()
                clip_fractions.append(((ratio - 1).abs() > clip_range).float().mean().item())

                values_pred = values
                if self.clip_range_vf is not None:
                    bound = self.clip_range_vf(self.progress_remaining)
                    values_pred = rollout_data.old_values + (values - rollout_data.old_values).clamp(-bound, bound)
                value_loss = F.mse_loss(rollout_data.returns, values_pred)

                entropy_loss = -torch.mean(entropy)
                loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss

                with torch.no_grad():
                    log_ratio = log_prob - rollout_data.old_log_prob
                    approx_kls.append((log_ratio.exp() - 1 - log_ratio).mean().item())
                if self.target_kl is not None and approx_kls[-1] > 1.5 * self.target_kl:
                    continue_training = False
                    break

                self.policy.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
                self.policy.optimizer.step()
            self.n_updates += 1
            if not continue_training:
                break

        self.logger["explained_variance"] = explained_variance(
            self.rollout_buffer.values.flatten(), self.rollout_buffer.returns.flatten()
        )
        self.logger.update(approx_kl=np.mean(approx_kls), clip_fraction=np.mean(clip_fractions), loss=loss.item())

    def learn(self, total_timesteps, callback=None, log_interval=5):
        self._last_obs = self.env.reset()
        self._last_episode_starts = np.ones(self.env.num_envs, dtype=bool)
        iteration = 0
        while self.num_timesteps < total_timesteps and self.collect_rollouts(callback):
            self.progress_remaining = max(0.0, 1.0 - self.num_timesteps / total_timesteps)
            self.train()
            iteration += 1
            if iteration % log_interval == 0 and self.ep_info_buffer:
                reward = np.mean([episode["r"] for episode in self.ep_info_buffer])
                length = np.mean([episode["l"] for episode in self.ep_info_buffer])
                numbers = ", ".join(f"{name} {value:.4f}" for name, value in self.logger.items())
                print(f"{self.num_timesteps} steps: ep_rew_mean {reward:.2f}, ep_len_mean {length:.0f}, {numbers}")
        return self


def make_env():
    return gym.wrappers.RecordEpisodeStatistics(gym.make("Balloon-v0"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--total-timesteps", type=int, default=60_000)
    args = parser.parse_args()
    torch.set_num_threads(1)

    model = PPO(
        DummyVecEnv([make_env for _ in range(8)]),
        learning_rate=linear_schedule(1e-3, 1e-4),
        n_steps=128,
        batch_size=128,
        n_epochs=8,
        gamma=0.97,
        gae_lambda=0.95,
        clip_range=linear_schedule(0.2, 0.1),
        ent_coef=0.005,
        max_grad_norm=0.5,
        seed=args.seed,
    )
    model.learn(args.total_timesteps)
