"""One run of stable-baselines3, our settings in its words: `sb3_learn.py TASK SETTINGS PEER`; for fidelity.py."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from judged import Ledger, fingerprint
from judging import answer
from small_games import make
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from ppodoctor.config import PPOConfig


def words(config: PPOConfig, *, pixels: bool) -> dict[str, Any]:
    """Our settings as PPO's arguments."""
    rate = config.learning_rate
    return {
        "learning_rate": (lambda left: rate * left) if config.learning_rate_schedule == "linear" else rate,
        "n_steps": config.rollout_steps,
        "batch_size": config.batch_size // config.minibatches,
        "n_epochs": config.epochs,
        "gamma": config.gamma,
        "gae_lambda": config.gae_lambda,
        "clip_range": config.clip_range,
        "clip_range_vf": config.clip_range_value or None,
        "ent_coef": config.entropy_coefficient,
        "vf_coef": config.value_coefficient,
        "max_grad_norm": config.max_grad_norm,
        "policy_kwargs": {
            "net_arch": [] if pixels else list(config.hidden_sizes),
            "log_std_init": config.log_std_init,
            "activation_fn": torch.nn.ReLU if config.activation == "relu" else torch.nn.Tanh,
        },
    }


def model_for(peer: str, envs: Any, config: PPOConfig, *, pixels: bool) -> Any:
    """PPO, or sb3-contrib's with masks or with an LSTM that policy and critic share, as ours do."""
    given = words(config, pixels=pixels) | {"device": "cpu", "seed": config.seed}
    if peer == "sb3-masked":
        from sb3_contrib import MaskablePPO

        del given["policy_kwargs"]["log_std_init"]  # it has discrete actions only
        return MaskablePPO("MlpPolicy", envs, **given)
    if peer == "sb3-lstm":
        from sb3_contrib import RecurrentPPO

        memory = {"lstm_hidden_size": config.recurrent_size, "shared_lstm": True, "enable_critic_lstm": False}
        return RecurrentPPO("MlpLstmPolicy", envs, **{**given, "policy_kwargs": {**given["policy_kwargs"], **memory}})
    return PPO("CnnPolicy" if pixels else "MlpPolicy", envs, **given)


def main() -> None:
    task, settings, peer = sys.argv[1:]
    config = PPOConfig.from_dict(json.loads(settings))
    torch.set_num_threads(1)
    began = time.perf_counter()
    ledger = Ledger(config.num_envs, config.total_steps)
    envs: Any = DummyVecEnv([lambda: ledger.judged(make(task))] * config.num_envs)
    if config.normalise_observations or config.normalise_rewards:
        envs = VecNormalize(
            envs, norm_obs=config.normalise_observations, norm_reward=config.normalise_rewards, gamma=config.gamma
        )
    model_for(peer, envs, config, pixels=task == "pixels").learn(config.total_steps)
    seconds = time.perf_counter() - began
    answer(**ledger.score(), seconds=seconds, world=fingerprint(make(task)))


if __name__ == "__main__":
    main()
