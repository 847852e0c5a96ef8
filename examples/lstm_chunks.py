"""Recurrent PPO: an LSTM has to keep in mind which door a light at the entrance pointed to."""

import argparse

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, kl_divergence

BACK, FORWARD, LEFT, RIGHT = range(4)


class SignalCorridor:
    """A light at the entrance of a corridor shows which of two doors at its end is safe; the other leads outside.

    The corridor is 3 to 6 cells long and its floor is slippery. What is seen is the distance to either end, with
    some noise, and the light, in the first step only. A door ends the episode, and so does the closing hour.
    """

    n_obs, n_actions = 4, 4
    step_cost = 0.02

    def __init__(self, closing_hour=30):
        self.closing_hour = closing_hour
        self.rng = np.random.default_rng()

    def reset(self, seed=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.length = int(self.rng.integers(3, 7))
        self.safe_door = int(self.rng.choice([LEFT, RIGHT]))
        self.cell, self.hour = 0, 0
        return self.observe(light=True), {}

    def step(self, action):
        self.hour += 1
        reward, terminated = -self.step_cost, False
        if action in (LEFT, RIGHT):
            if self.cell == self.length:
                terminated = True
                reward += 1.0 if action == self.safe_door else -1.0
        elif self.rng.random() < 0.9:
            self.cell = int(np.clip(self.cell + (1 if action == FORWARD else -1), 0, self.length))
        truncated = self.hour >= self.closing_hour
        return self.observe(light=False), reward, terminated, truncated, {}

    def observe(self, light):
        ahead, behind = np.array([self.length - self.cell, self.cell]) / 6 + self.rng.normal(0.0, 0.02, 2)
        lamps = [float(light and self.safe_door == LEFT), float(light and self.safe_door == RIGHT)]
        return np.array([ahead, behind, *lamps], dtype=np.float32)


class LSTMActorCritic(nn.Module):
    def __init__(self, n_obs, n_actions, width=64):
        super().__init__()
        self.width = width
        self.encoder = nn.Sequential(nn.Linear(n_obs, width), nn.ReLU())
        self.lstm = nn.LSTMCell(width, width)
        self.policy_head = nn.Linear(width, n_actions)
        self.value_head = nn.Linear(width, 1)
        for name, parameter in self.named_parameters():
            if name.endswith("bias") or "bias_" in name:
                nn.init.zeros_(parameter)
            else:
                nn.init.orthogonal_(parameter, 1.0)
        self.lstm.bias_ih.data[width : 2 * width] = 1.0  # forget gate: remember to begin with
        self.policy_head.weight.data *= 0.01

    def forward(self, obs, first, h, c):
        """obs [T, B, n_obs] and first [T, B]; h and c [B, width] are cleared wherever an episode begins."""
        x = self.encoder(obs)
        keep = (1.0 - first).unsqueeze(-1)
        outputs = []
        for t in range(len(x)):
            h, c = self.lstm(x[t], (h * keep[t], c * keep[t]))
            outputs.append(h)
        features = torch.stack(outputs)
        return self.policy_head(features), self.value_head(features).squeeze(-1), (h, c)


def make_buffer(args, net):
    shape, chunks = (args.steps, args.envs), args.steps // args.chunk
    buf = {key: np.zeros(shape, np.float32) for key in ("first", "logp", "value", "reward", "terminated", "ended")}
    buf["cut_value"] = np.zeros(shape, np.float32)
    buf["obs"] = np.zeros((*shape, SignalCorridor.n_obs), np.float32)
    buf["logits"] = np.zeros((*shape, SignalCorridor.n_actions), np.float32)
    buf["action"] = np.zeros(shape, np.int64)
    buf["h"] = np.zeros((chunks, args.envs, net.width), np.float32)
    buf["c"] = np.zeros((chunks, args.envs, net.width), np.float32)
    return buf


@torch.no_grad()
def collect(envs, net, carry, buf, args):
    """Fills the buffer; `carry` is what the next rollout goes on from. Returns the last state's value and scores."""
    obs, first, h, c = carry["obs"], carry["first"], carry["h"], carry["c"]
    finished = []
    for t in range(args.steps):
        if t % args.chunk == 0:
            buf["h"][t // args.chunk], buf["c"][t // args.chunk] = h.numpy(), c.numpy()
        logits, value, (h, c) = net(torch.from_numpy(obs)[None], torch.from_numpy(first)[None], h, c)
        dist = Categorical(logits=logits[0])
        action = dist.sample()
        buf["obs"][t], buf["first"][t], buf["action"][t] = obs, first, action.numpy()
        buf["logits"][t], buf["logp"][t] = logits[0].numpy(), dist.log_prob(action).numpy()
        buf["value"][t] = value[0].numpy()

        for i, env in enumerate(envs):
            ob, reward, terminated, truncated, _ = env.step(int(action[i]))
            carry["score"][i] += reward
            buf["reward"][t, i], buf["terminated"][t, i] = reward, terminated
            buf["ended"][t, i] = first[i] = terminated or truncated
            if truncated:
                _, cut, _ = net(torch.from_numpy(ob)[None, None], torch.zeros(1, 1), h[i : i + 1], c[i : i + 1])
                buf["cut_value"][t, i] = cut.item()
            if terminated or truncated:
                finished.append(carry["score"][i])
                carry["score"][i] = 0.0
                ob, _ = env.reset()
            obs[i] = ob

    carry["h"], carry["c"] = h, c
    _, last_value, _ = net(torch.from_numpy(obs)[None], torch.from_numpy(first)[None], h, c)
    return last_value[0].numpy(), finished


def compute_gae(buf, last_value, gamma, lam):
    adv = np.zeros_like(buf["reward"])
    next_value, running = last_value, np.zeros_like(last_value)
    for t in reversed(range(len(adv))):
        following = np.where(buf["ended"][t] > 0, buf["cut_value"][t], next_value) * (1.0 - buf["terminated"][t])
        delta = buf["reward"][t] + gamma * following - buf["value"][t]
        running = delta + gamma * lam * (1.0 - buf["ended"][t]) * running
        adv[t] = running
        next_value = buf["value"][t]
    return adv, adv + buf["value"]


def to_sequences(x, chunk):
    """[steps, envs, ...] to [chunk, sequences, ...]: every environment's steps are cut into chunks."""
    steps, envs = x.shape[:2]
    x = x.reshape(steps // chunk, chunk, envs, *x.shape[2:]).swapaxes(0, 1)
    return torch.from_numpy(x.reshape(chunk, -1, *x.shape[3:]))


def improve(net, optimizer, buf, adv, returns, ent_coef, args):
    columns = {key: buf[key] for key in ("obs", "first", "action", "logp", "logits")}
    columns["adv"] = (adv - adv.mean()) / (adv.std() + 1e-8)
    columns["ret"] = returns
    sequences = {key: to_sequences(x, args.chunk) for key, x in columns.items()}
    h0, c0 = torch.from_numpy(buf["h"]).flatten(0, 1), torch.from_numpy(buf["c"]).flatten(0, 1)
    for _ in range(args.epochs):
        for ids in torch.randperm(len(h0)).chunk(args.minibatches):
            mb = {key: x[:, ids] for key, x in sequences.items()}
            logits, values, _ = net(mb["obs"], mb["first"], h0[ids], c0[ids])
            dist = Categorical(logits=logits)
            logp = dist.log_prob(mb["action"])
            ratio = torch.exp(logp - mb["logp"])
            clipped = torch.clamp(ratio, 1 - args.clip_eps, 1 + args.clip_eps)
            policy_loss = -torch.min(ratio * mb["adv"], clipped * mb["adv"]).mean()
            value_loss = (values - mb["ret"]).pow(2).mean()
            kl = kl_divergence(Categorical(logits=mb["logits"]), dist).mean()
            loss = policy_loss + args.value_coef * value_loss - ent_coef * dist.entropy().mean() + args.kl_coef * kl
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), args.max_grad_norm)
            optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--gamma", type=float, default=0.97)
    parser.add_argument("--lam", type=float, default=0.95)
    parser.add_argument("--clip-eps", type=float, default=0.2)
    parser.add_argument("--value-coef", type=float, default=0.5)
    parser.add_argument("--ent-coef", type=float, default=0.02)
    parser.add_argument("--kl-coef", type=float, default=0.02)
    parser.add_argument("--max-grad-norm", type=float, default=0.2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    envs = [SignalCorridor() for _ in range(args.envs)]
    net = LSTMActorCritic(SignalCorridor.n_obs, SignalCorridor.n_actions)
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, eps=1e-5)
    buf = make_buffer(args, net)
    carry = {
        "obs": np.stack([env.reset(seed=args.seed * 100 + i)[0] for i, env in enumerate(envs)]),
        "first": np.ones(args.envs, np.float32),
        "h": torch.zeros(args.envs, net.width),
        "c": torch.zeros(args.envs, net.width),
        "score": np.zeros(args.envs),
    }
    scores = []
    for update in range(args.updates):
        last_value, finished = collect(envs, net, carry, buf, args)
        adv, returns = compute_gae(buf, last_value, args.gamma, args.lam)
        ent_coef = args.ent_coef * (1.0 - update / args.updates)
        improve(net, optimizer, buf, adv, returns, ent_coef, args)
        scores = [*scores, *finished][-200:]
        if (update + 1) % 10 == 0:
            mean = np.mean(scores)
            print(f"update {update + 1:4d}  mean return {mean:6.3f}  entropy bonus {ent_coef:.4f}", flush=True)


if __name__ == "__main__":
    main()
