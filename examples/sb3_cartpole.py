"""The shortest PPO of all: Stable-Baselines3 on CartPole."""
import argparse

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

parser = argparse.ArgumentParser()
parser.add_argument("--env", default="CartPole-v1")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--total-steps", type=int, default=60_000)
args = parser.parse_args()


def make_env():
    env = gym.make(args.env)
    return Monitor(env)


class Progress(BaseCallback):
    """Prints the mean return of the last episodes at the end of each rollout."""

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        returns = [episode["r"] for episode in self.model.ep_info_buffer][-50:]
        if returns:
            print(f"step {self.num_timesteps:7d}  return {np.mean(returns):8.1f}", flush=True)


vec_env = DummyVecEnv([make_env for _ in range(8)])
model = PPO(
    "MlpPolicy",
    vec_env,
    learning_rate=1e-3,
    n_steps=128,
    batch_size=256,
    n_epochs=6,
    gamma=0.98,
    gae_lambda=0.9,
    clip_range=0.2,
    ent_coef=0.005,
    vf_coef=0.5,
    max_grad_norm=0.5,
    seed=args.seed,
    device="cpu",
)
model.learn(total_timesteps=args.total_steps, callback=Progress())
vec_env.close()
