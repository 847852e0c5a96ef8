"""stable-baselines3 as a peer, unmodified: `sb3.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED`."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from judging import LONGEST, Judge, answer, since_start
from pixels import make
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv


class Steady(BaseCallback):
    """Measures between the beginnings of rollouts."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.rollouts, self.began, self.steps = seconds, 0, 0.0, 0

    def _on_rollout_start(self) -> None:
        self.rollouts += 1
        now = time.perf_counter()
        if self.rollouts == 3:
            self.began, self.steps = now, self.num_timesteps
        elif self.began and now - self.began > self.seconds:
            answer(steps_per_second=(self.num_timesteps - self.steps) / (now - self.began))
            self.seconds = float("inf")
            self.done = True

    done = False

    def _on_step(self) -> bool:
        return not self.done


class Solve(BaseCallback):
    """Judges at the beginnings of rollouts."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.judge = Judge(lambda seen: self.model.predict(seen, deterministic=True)[0], seed)
        self.done = False

    def _on_rollout_start(self) -> None:
        if not self.done and self.judge.solved(self.num_timesteps):
            answer(seconds=since_start() - self.judge.spent, steps=self.num_timesteps)
            self.done = True

    def _on_step(self) -> bool:
        return not self.done


class First(BaseCallback):
    """Answers when the first update is over."""

    rollouts = 0

    def _on_rollout_start(self) -> None:
        self.rollouts += 1
        if self.rollouts == 2:
            answer(seconds=since_start())

    def _on_step(self) -> bool:
        return self.rollouts < 2


def main() -> None:
    kind, environment, count, seconds, seed = sys.argv[1:]
    torch.set_num_threads(1)
    num_envs = int(count)
    envs = DummyVecEnv([lambda: make(environment)] * num_envs)
    settings: dict[str, Any] = {
        "n_steps": 128, "batch_size": 32 * num_envs, "n_epochs": 4, "learning_rate": 2.5e-4, "clip_range_vf": 0.2,
        "ent_coef": 0.01, "policy_kwargs": {"net_arch": [] if environment == "pixels" else [64, 64]},
    }  # fmt: skip
    if kind == "solve":  # rl-zoo3's numbers for CartPole
        settings = {
            "n_steps": 32,
            "batch_size": 256,
            "n_epochs": 20,
            "gamma": 0.98,
            "gae_lambda": 0.8,
            "learning_rate": 1e-3,
        }
    policy = "CnnPolicy" if environment == "pixels" else "MlpPolicy"
    model = PPO(policy, envs, device="cpu", seed=int(seed), **settings)
    callback: BaseCallback = {"steady": Steady(float(seconds)), "solve": Solve(int(seed)), "start": First()}[kind]
    model.learn(10**9 if kind != "solve" else LONGEST, callback=callback)


if __name__ == "__main__":
    main()
