import argparse

import torch

from .balloon import make_env
from .ppo import PPO, linear_schedule
from .vec_env import DummyVecEnv

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
