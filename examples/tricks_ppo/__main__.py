import argparse

import gymnasium as gym
import numpy as np
import torch

from . import reactor
from .agent import PPOContinuous
from .normalization import Normalization, RewardScaling
from .replaybuffer import ReplayBuffer


def parse_args():
    parser = argparse.ArgumentParser("Hyperparameters of PPO for continuous actions")
    parser.add_argument("--env_name", type=str, default=reactor.ENV_NAME)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max_train_steps", type=int, default=81_920, help="steps of training in all")
    parser.add_argument("--evaluate_freq", type=int, default=5_000, help="steps between two evaluations")
    parser.add_argument("--policy_dist", type=str, default="Gaussian", choices=["Gaussian", "Beta"])
    parser.add_argument("--batch_size", type=int, default=1024, help="steps collected for one update")
    parser.add_argument("--mini_batch_size", type=int, default=64)
    parser.add_argument("--hidden_width", type=int, default=64)
    parser.add_argument("--lr_a", type=float, default=7e-4, help="learning rate of the actor")
    parser.add_argument("--lr_c", type=float, default=1e-3, help="learning rate of the critic")
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--lamda", type=float, default=0.95, help="lambda of GAE")
    parser.add_argument("--epsilon", type=float, default=0.2, help="clip range of the ratio")
    parser.add_argument("--K_epochs", type=int, default=10)
    parser.add_argument("--entropy_coef", type=float, default=0.005)
    parser.add_argument("--max_grad_norm", type=float, default=0.5)
    for trick in ("adv_norm", "state_norm", "reward_scaling", "lr_decay", "grad_clip", "orthogonal_init", "tanh"):
        parser.add_argument(f"--use_{trick}", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--set_adam_eps", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def to_env(args, a):
    if args.policy_dist == "Beta":
        return 2 * (a - 0.5) * args.max_action
    return np.clip(a, -args.max_action, args.max_action)


def evaluate_policy(args, env, agent, state_norm, times=3):
    total = 0.0
    for _ in range(times):
        s, _ = env.reset()
        done = False
        while not done:
            if args.use_state_norm:
                s = state_norm(s, update=False)
            s, r, terminated, truncated, _ = env.step(to_env(args, agent.evaluate(s)))
            total += r
            done = terminated or truncated
    return total / times


def main(args):
    env = gym.make(args.env_name)
    env_evaluate = gym.make(args.env_name)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    env.reset(seed=args.seed)
    env_evaluate.reset(seed=args.seed + 10_000)

    args.state_dim = env.observation_space.shape[0]
    args.action_dim = env.action_space.shape[0]
    args.max_action = float(env.action_space.high[0])

    replay_buffer = ReplayBuffer(args)
    agent = PPOContinuous(args)
    state_norm = Normalization(shape=args.state_dim)
    reward_scaling = RewardScaling(shape=1, gamma=args.gamma)

    total_steps, evaluations = 0, 0
    while total_steps < args.max_train_steps:
        s, _ = env.reset()
        if args.use_state_norm:
            s = state_norm(s)
        if args.use_reward_scaling:
            reward_scaling.reset()
        done = False
        while not done and total_steps < args.max_train_steps:
            a, a_logprob = agent.choose_action(s)
            s_, r, dw, truncated, _ = env.step(to_env(args, a))
            if args.use_state_norm:
                s_ = state_norm(s_)
            if args.use_reward_scaling:
                r = reward_scaling(r)
            done = dw or truncated
            replay_buffer.store(s, a, a_logprob, r, s_, dw, done)
            s = s_
            total_steps += 1

            if replay_buffer.count == args.batch_size:
                agent.update(replay_buffer, total_steps)
                replay_buffer.count = 0

            if total_steps % args.evaluate_freq == 0:
                evaluations += 1
                reward = evaluate_policy(args, env_evaluate, agent, state_norm)
                print(f"evaluate_num:{evaluations} steps:{total_steps} evaluate_reward:{reward:.2f}", flush=True)
    env.close()
    env_evaluate.close()


if __name__ == "__main__":
    main(parse_args())
