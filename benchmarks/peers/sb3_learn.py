"""One run of stable-baselines3, our settings in its words: `sb3_learn.py TASK SETTINGS ''`; for fidelity.py."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from judging import answer
from pixels import make
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from ppodoctor.config import PPOConfig


def main() -> None:
    task, settings, _ = sys.argv[1:]
    config = PPOConfig.from_dict(json.loads(settings))
    torch.set_num_threads(1)
    began = time.perf_counter()
    envs: Any = DummyVecEnv([lambda: Monitor(make(task))] * config.num_envs)
    if config.normalise_observations or config.normalise_rewards:
        envs = VecNormalize(
            envs, norm_obs=config.normalise_observations, norm_reward=config.normalise_rewards, gamma=config.gamma
        )
    rate, pixels = config.learning_rate, task == "pixels"
    model = PPO(
        "CnnPolicy" if pixels else "MlpPolicy",
        envs,
        learning_rate=(lambda left: rate * left) if config.learning_rate_schedule == "linear" else rate,
        n_steps=config.rollout_steps,
        batch_size=config.batch_size // config.minibatches,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        ent_coef=config.entropy_coefficient,
        vf_coef=config.value_coefficient,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs={
            "net_arch": [] if pixels else list(config.hidden_sizes),
            "log_std_init": config.log_std_init,
            "activation_fn": torch.nn.ReLU if config.activation == "relu" else torch.nn.Tanh,
        },
        device="cpu",
        seed=config.seed,
    )
    model.learn(config.total_steps)
    last = [one["r"] for one in model.ep_info_buffer]
    answer(score=sum(last) / len(last), episodes=len(last), seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
