"""PPO for continuous control: vector environment, observations and rewards normalised by wrappers, free log_std."""

import argparse
from dataclasses import dataclass, fields

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import vector as wrap
from torch import nn
from torch.distributions import Independent, Normal


@dataclass
class Config:
    env_id: str = "Pendulum-v1"
    seed: int = 0
    total_steps: int = 160_000
    num_envs: int = 8
    rollout: int = 128
    learning_rate: float = 1e-3
    gamma: float = 0.9
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    update_epochs: int = 8
    minibatch: int = 128
    value_coef: float = 0.5
    max_grad_norm: float = 0.5

    @classmethod
    def from_command_line(cls):
        parser = argparse.ArgumentParser()
        for f in fields(cls):
            parser.add_argument("--" + f.name.replace("_", "-"), type=type(f.default), default=f.default)
        return cls(**vars(parser.parse_args()))


def make_envs(cfg):
    def thunk():
        return gym.wrappers.RescaleAction(gym.make(cfg.env_id), np.float32(-1.0), np.float32(1.0))

    envs = SyncVectorEnv([thunk] * cfg.num_envs)
    envs = wrap.RecordEpisodeStatistics(envs)
    envs = wrap.ClipAction(envs)
    envs = wrap.NormalizeObservation(envs)
    return wrap.NormalizeReward(envs, gamma=cfg.gamma)


class Net(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.mean = self._stack(n_in, n_out, 0.01)
        self.value = self._stack(n_in, 1, 1.0)
        self.log_std = nn.Parameter(torch.zeros(n_out))

    @staticmethod
    def _stack(n_in, n_out, last_gain):
        linears = [nn.Linear(n_in, 64), nn.Linear(64, 64), nn.Linear(64, n_out)]
        for linear, gain in zip(linears, (2**0.5, 2**0.5, last_gain)):
            nn.init.orthogonal_(linear.weight, gain)
            nn.init.zeros_(linear.bias)
        return nn.Sequential(linears[0], nn.Tanh(), linears[1], nn.Tanh(), linears[2])

    def policy(self, obs):
        return Independent(Normal(self.mean(obs), self.log_std.exp().expand(obs.shape[0], -1)), 1)


class Storage:
    def __init__(self, steps, envs, n_obs, n_act):
        self.obs = torch.empty(steps, envs, n_obs)
        self.action = torch.empty(steps, envs, n_act)
        self.logprob, self.reward, self.value, self.next_value = torch.empty(4, steps, envs)
        self.alive, self.running_on = torch.empty(2, steps, envs)
        self.real = torch.empty(steps, envs, dtype=torch.bool)

    def advantages(self, gamma, lam):
        adv = torch.zeros_like(self.reward)
        last = torch.zeros(self.reward.shape[1])
        for t in range(len(adv) - 1, -1, -1):
            delta = self.reward[t] + gamma * self.next_value[t] * self.alive[t] - self.value[t]
            last = delta + gamma * lam * self.running_on[t] * last
            adv[t] = last
        return adv

    def flat(self, gamma, lam):
        adv = self.advantages(gamma, lam)
        ret = adv + self.value
        # the step after an end only resets: its action did nothing, so it must not be learned from
        return [x[self.real] for x in (self.obs, self.action, self.logprob, adv, ret)]


def main():
    cfg = Config.from_command_line()
    torch.manual_seed(cfg.seed)
    envs = make_envs(cfg)
    n_obs, n_act = envs.single_observation_space.shape[0], envs.single_action_space.shape[0]
    net = Net(n_obs, n_act)
    optimizer = torch.optim.Adam(net.parameters(), lr=cfg.learning_rate, eps=1e-5)
    store = Storage(cfg.rollout, cfg.num_envs, n_obs, n_act)

    obs = torch.as_tensor(envs.reset(seed=cfg.seed)[0], dtype=torch.float32)
    just_ended = np.zeros(cfg.num_envs, dtype=bool)
    finished = []
    n_updates = cfg.total_steps // (cfg.rollout * cfg.num_envs)
    for update in range(n_updates):
        optimizer.param_groups[0]["lr"] = cfg.learning_rate * (1 - update / n_updates)
        with torch.no_grad():
            for t in range(cfg.rollout):
                pi = net.policy(obs)
                action = pi.sample()
                store.obs[t], store.action[t], store.logprob[t] = obs, action, pi.log_prob(action)
                store.value[t] = net.value(obs).squeeze(-1)
                new_obs, reward, terminated, truncated, infos = envs.step(action.numpy())
                obs = torch.as_tensor(new_obs, dtype=torch.float32)
                store.next_value[t] = net.value(obs).squeeze(-1)
                store.reward[t] = torch.as_tensor(reward)
                store.alive[t] = torch.as_tensor(~terminated)
                store.running_on[t] = torch.as_tensor(~(terminated | truncated))
                store.real[t] = torch.as_tensor(~just_ended)
                just_ended = terminated | truncated
                if "episode" in infos:
                    finished.extend(infos["episode"]["r"][infos["_episode"]])

        b_obs, b_act, b_logp, b_adv, b_ret = store.flat(cfg.gamma, cfg.gae_lambda)
        for _ in range(cfg.update_epochs):
            for mb in torch.randperm(len(b_obs)).split(cfg.minibatch):
                pi = net.policy(b_obs[mb])
                ratio = torch.exp(pi.log_prob(b_act[mb]) - b_logp[mb])
                adv = b_adv[mb]
                adv = (adv - adv.mean()) / (adv.std() + 1e-8)
                clipped = ratio.clamp(1 - cfg.clip_range, 1 + cfg.clip_range)
                pg_loss = -torch.min(ratio * adv, clipped * adv).mean()
                v_loss = nn.functional.mse_loss(net.value(b_obs[mb]).squeeze(-1), b_ret[mb])
                loss = pg_loss + cfg.value_coef * v_loss
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), cfg.max_grad_norm)
                optimizer.step()

        if finished and update % 5 == 4:
            steps = (update + 1) * cfg.rollout * cfg.num_envs
            print(f"{steps:>8} steps: return {np.mean(finished[-40:]):.0f}", flush=True)
    envs.close()


if __name__ == "__main__":
    main()
