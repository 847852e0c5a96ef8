"""PPO for our ball-on-plate rig: the usual single-file trainer with a task, normaliser and action scaling of ours."""

import argparse
import random
import time
from dataclasses import dataclass, fields

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions.normal import Normal


@dataclass
class Args:
    seed: int = 1
    env_id: str = "BallOnPlate-v0"
    total_timesteps: int = 120_000
    learning_rate: float = 1e-3
    num_envs: int = 8
    num_steps: int = 128
    gamma: float = 0.97
    gae_lambda: float = 0.95
    num_minibatches: int = 4
    update_epochs: int = 8
    clip_coef: float = 0.2
    vclip_coef: float = 1.0
    ent_coef: float = 0.002
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float = 0.03


class BallOnPlate(gym.Env):
    """Two servos tilt a square plate: the ball is to rest on a mark, with little rocking. Off the plate is the end.

    Observation: ball (mm), its velocity (mm/s), tilt of the plate (degrees), mark (mm), each along x and y.
    """

    half, max_tilt, dt = 150.0, 8.0, 0.05

    def __init__(self):
        high = np.array([200.0] * 2 + [3000.0] * 2 + [self.max_tilt] * 2 + [self.half] * 2, np.float32)
        self.observation_space = gym.spaces.Box(-high, high)
        self.action_space = gym.spaces.Box(-self.max_tilt, self.max_tilt, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.ball, self.mark = self.np_random.uniform(-100.0, 100.0, (2, 2))
        self.velocity = self.np_random.uniform(-60.0, 60.0, 2)
        self.tilt = self.np_random.uniform(-1.0, 1.0, 2)
        return self.observe(), {}

    def step(self, action):
        swing = np.clip(action, -self.max_tilt, self.max_tilt) - self.tilt
        self.tilt = self.tilt + 0.4 * swing
        acceleration = 5 / 7 * 9810.0 * np.sin(np.radians(self.tilt))
        self.velocity = 0.98 * self.velocity + self.dt * acceleration + self.np_random.normal(0.0, 3.0, 2)
        self.ball = self.ball + self.dt * self.velocity
        off = bool(np.abs(self.ball).max() > self.half)
        reward = 0.2 * (1.0 - np.linalg.norm(self.ball - self.mark) / 150.0)
        reward -= 0.06 * np.linalg.norm(swing) / self.max_tilt + 2.0 * off
        return self.observe(), float(reward), off, False, {}

    def observe(self):
        return np.concatenate([self.ball, self.velocity, self.tilt, self.mark]).astype(np.float32)


gym.register("BallOnPlate-v0", entry_point=BallOnPlate, max_episode_steps=60)


class UnitAction(gym.ActionWrapper):
    """The agent acts between -1 and 1, which is the whole range of the servos; what is beyond gets clipped."""

    def __init__(self, env):
        super().__init__(env)
        self.low, self.high = env.action_space.low, env.action_space.high
        self.action_space = gym.spaces.Box(-1.0, 1.0, env.action_space.shape, np.float32)

    def action(self, action):
        return self.low + 0.5 * (np.clip(action, -1.0, 1.0) + 1.0) * (self.high - self.low)


class RunningMeanStd:
    def __init__(self, shape, clip=5.0):
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), 1e-4
        self.clip = clip

    def update(self, x):
        total = self.count + len(x)
        delta = x.mean(0) - self.mean
        m2 = self.var * self.count + x.var(0) * len(x) + delta**2 * self.count * len(x) / total
        self.mean, self.var, self.count = self.mean + delta * len(x) / total, m2 / total, total

    def normalize(self, x):
        z = (x - self.mean) / np.sqrt(self.var + 1e-8)
        return torch.tensor(np.clip(z, -self.clip, self.clip), dtype=torch.float32)


def make_env(env_id):
    def thunk():
        env = gym.make(env_id)
        env = gym.wrappers.RecordEpisodeStatistics(env)
        return UnitAction(env)

    return thunk


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class Agent(nn.Module):
    def __init__(self, envs):
        super().__init__()
        obs_dim = int(np.prod(envs.single_observation_space.shape))
        act_dim = int(np.prod(envs.single_action_space.shape))
        self.trunk = nn.Sequential(
            *(layer_init(nn.Linear(obs_dim, 64)), nn.Tanh()),
            *(layer_init(nn.Linear(64, 64)), nn.Tanh()),
        )
        self.actor_mean = layer_init(nn.Linear(64, act_dim), std=0.01)
        self.actor_logstd = nn.Parameter(torch.zeros(1, act_dim))
        self.critic = layer_init(nn.Linear(64, 1), std=1.0)

    def get_value(self, x):
        return self.critic(self.trunk(x))

    def get_action_and_value(self, x, action=None):
        hidden = self.trunk(x)
        action_mean = self.actor_mean(hidden)
        action_std = torch.exp(self.actor_logstd.expand_as(action_mean))
        probs = Normal(action_mean, action_std)
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action).sum(1), probs.entropy().sum(1), self.critic(hidden)


def parse_args():
    parser = argparse.ArgumentParser()
    for f in fields(Args):
        parser.add_argument("--" + f.name.replace("_", "-"), type=type(f.default), default=f.default)
    return Args(**vars(parser.parse_args()))


if __name__ == "__main__":
    args = parse_args()
    batch_size = args.num_envs * args.num_steps
    minibatch_size = batch_size // args.num_minibatches
    num_iterations = args.total_timesteps // batch_size

    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    envs = gym.vector.SyncVectorEnv(
        [make_env(args.env_id) for _ in range(args.num_envs)], autoreset_mode=gym.vector.AutoresetMode.SAME_STEP
    )
    agent = Agent(envs)
    optimizer = optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    obs_rms = RunningMeanStd(envs.single_observation_space.shape)

    obs = torch.zeros((args.num_steps, args.num_envs) + envs.single_observation_space.shape)
    actions = torch.zeros((args.num_steps, args.num_envs) + envs.single_action_space.shape)
    logprobs = torch.zeros((args.num_steps, args.num_envs))
    rewards = torch.zeros((args.num_steps, args.num_envs))
    dones = torch.zeros((args.num_steps, args.num_envs))
    values = torch.zeros((args.num_steps, args.num_envs))
    cut_values = torch.zeros((args.num_steps, args.num_envs))

    global_step, start_time, episode_returns = 0, time.time(), []
    raw_obs, _ = envs.reset(seed=args.seed)
    obs_rms.update(raw_obs)
    next_obs = obs_rms.normalize(raw_obs)
    next_done = torch.zeros(args.num_envs)

    for iteration in range(1, num_iterations + 1):
        frac = 1.0 - (iteration - 1.0) / num_iterations
        optimizer.param_groups[0]["lr"] = frac * args.learning_rate

        for step in range(args.num_steps):
            global_step += args.num_envs
            obs[step] = next_obs
            dones[step] = next_done
            with torch.no_grad():
                action, logprob, _, value = agent.get_action_and_value(next_obs)
            values[step] = value.flatten()
            actions[step] = action
            logprobs[step] = logprob

            raw_obs, reward, terminations, truncations, infos = envs.step(action.numpy())
            rewards[step] = torch.tensor(reward, dtype=torch.float32)
            obs_rms.update(raw_obs)
            next_obs = obs_rms.normalize(raw_obs)
            next_done = torch.tensor(terminations | truncations, dtype=torch.float32)

            # an episode cut by the clock is still worth what its last state promises
            cut_values[step] = 0.0
            for i in np.flatnonzero(truncations & ~terminations):
                with torch.no_grad():
                    cut_values[step, i] = agent.get_value(obs_rms.normalize(infos["final_obs"][i]).unsqueeze(0)).item()
            if "final_info" in infos:
                episode_returns.extend(infos["final_info"]["episode"]["r"][infos["_final_info"]])

        with torch.no_grad():
            next_value = agent.get_value(next_obs).flatten()
            advantages = torch.zeros_like(rewards)
            lastgaelam = 0
            for t in reversed(range(args.num_steps)):
                if t == args.num_steps - 1:
                    nextnonterminal = 1.0 - next_done
                    nextvalues = next_value
                else:
                    nextnonterminal = 1.0 - dones[t + 1]
                    nextvalues = values[t + 1]
                nextvalues = nextvalues * nextnonterminal + cut_values[t]
                delta = rewards[t] + args.gamma * nextvalues - values[t]
                advantages[t] = lastgaelam = delta + args.gamma * args.gae_lambda * nextnonterminal * lastgaelam
            returns = advantages + values

        b_obs = obs.reshape((-1,) + envs.single_observation_space.shape)
        b_actions = actions.reshape((-1,) + envs.single_action_space.shape)
        b_logprobs = logprobs.reshape(-1)
        b_advantages = advantages.reshape(-1)
        b_returns = returns.reshape(-1)
        b_values = values.reshape(-1)

        b_inds = np.arange(batch_size)
        for epoch in range(args.update_epochs):
            np.random.shuffle(b_inds)
            for start in range(0, batch_size, minibatch_size):
                mb_inds = b_inds[start : start + minibatch_size]
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb_inds], b_actions[mb_inds])
                logratio = newlogprob - b_logprobs[mb_inds]
                ratio = logratio.exp()
                with torch.no_grad():
                    approx_kl = ((ratio - 1) - logratio).mean()

                mb_advantages = b_advantages[mb_inds]
                mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)

                pg_loss1 = -mb_advantages * ratio
                pg_loss2 = -mb_advantages * torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef)
                pg_loss = torch.max(pg_loss1, pg_loss2).mean()

                newvalue = newvalue.view(-1)
                v_loss_unclipped = (newvalue - b_returns[mb_inds]) ** 2
                v_change = torch.clamp(newvalue - b_values[mb_inds], -args.vclip_coef, args.vclip_coef)
                v_clipped = b_values[mb_inds] + v_change
                v_loss_clipped = (v_clipped - b_returns[mb_inds]) ** 2
                v_loss = 0.5 * torch.max(v_loss_unclipped, v_loss_clipped).mean()

                entropy_loss = entropy.mean()
                loss = pg_loss - args.ent_coef * entropy_loss + v_loss * args.vf_coef

                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()

            if approx_kl > args.target_kl:
                break

        if iteration % 10 == 0 and episode_returns:
            sps = int(global_step / (time.time() - start_time))
            episodic_return = np.mean(episode_returns[-50:])
            print(f"global_step={global_step} episodic_return={episodic_return:.2f} SPS={sps}", flush=True)

    envs.close()
