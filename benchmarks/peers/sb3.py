"""stable-baselines3 as a peer, unmodified: `sb3.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED`."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from judging import Judge, answer, since_start
from sb3_learn import words
from small_games import make
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from workload import WARM, workload


class Steady(BaseCallback):
    """Measures between the beginnings of rollouts."""

    def __init__(self, seconds: float, warm: int) -> None:
        super().__init__()
        self.seconds, self.warm, self.rollouts, self.began, self.steps = seconds, warm, 0, 0.0, 0

    def _on_rollout_start(self) -> None:
        self.rollouts += 1
        now = time.perf_counter()
        if self.rollouts == self.warm + 1:
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
    config = workload(kind, int(count), int(seed), environment)
    torch.set_num_threads(config.threads)
    envs: Any = DummyVecEnv([lambda: make(environment)] * config.num_envs)
    if config.normalise_observations:
        envs = VecNormalize(envs, gamma=config.gamma)
    pixels = environment == "pixels"
    settings = words(config, pixels=pixels)
    model = PPO("CnnPolicy" if pixels else "MlpPolicy", envs, device="cpu", seed=int(seed), **settings)
    steady = Steady(float(seconds), WARM.get(environment, WARM[""]))
    callback: BaseCallback = {"steady": steady, "solve": Solve(int(seed)), "start": First()}[kind]
    model.learn(config.total_steps, callback=callback)


if __name__ == "__main__":
    main()
