from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .buffers import RolloutBuffer
from .policies import ActorCriticPolicy


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
