"""stable-baselines3 on a task of the core, our settings in its words: `sb3_classic.py TASK SETTINGS`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import gymnasium as gym
import torch
from judging import answer
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from ppodoctor.config import PPOConfig


def main() -> None:
    task, settings = sys.argv[1:]
    config = PPOConfig.from_dict(json.loads(settings))
    torch.set_num_threads(1)
    rate = config.learning_rate
    network: dict[str, Any] = {"net_arch": list(config.hidden_sizes)}
    if task in ("Pendulum-v1", "MountainCarContinuous-v0"):
        network["log_std_init"] = config.log_std_init
    began = time.perf_counter()
    envs: Any = DummyVecEnv([lambda: Monitor(gym.make(task))] * config.num_envs)
    if config.normalise_observations or config.normalise_rewards:
        wanted = {"norm_obs": config.normalise_observations, "norm_reward": config.normalise_rewards}
        envs = VecNormalize(envs, **wanted, gamma=config.gamma)
    model = PPO(
        "MlpPolicy",
        envs,
        learning_rate=(lambda left: rate * left) if config.learning_rate_schedule == "linear" else rate,
        n_steps=config.rollout_steps,
        batch_size=config.batch_size // config.minibatches,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        clip_range_vf=config.clip_range_value or None,
        ent_coef=config.entropy_coefficient,
        vf_coef=config.value_coefficient,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs=network,
        device="cpu",
        seed=config.seed,
    )
    model.learn(config.updates * config.batch_size)
    seconds = time.perf_counter() - began
    last = [one["r"] for one in model.ep_info_buffer]
    answer(score=sum(last) / max(len(last), 1), seconds=seconds)


if __name__ == "__main__":
    main()
