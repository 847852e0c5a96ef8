"""PPO with its own probability arithmetic: softmax, gather and log by hand, no torch.distributions."""
import argparse

import gymnasium as gym
import numpy as np
import torch
import torch.nn as nn

GAMMA = 0.98
LAMBDA = 0.95
LEARNING_RATE = 1.5e-3
CLIP_EPS = 0.1
EPOCHS = 4
BATCH = 128
T_HORIZON = 1024
ENTROPY_BETA = 0.005
VALUE_COEF = 0.5


class Net(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_obs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.policy = nn.Linear(128, n_act)
        self.value = nn.Linear(128, 1)
        self.policy.weight.data.mul_(0.01)
        self.policy.bias.data.zero_()

    def pi(self, x):
        return torch.softmax(self.policy(self.body(x)), dim=-1)

    def v(self, x):
        return self.value(self.body(x))


def pick(prob, rng):
    p = prob.numpy().astype(np.float64)
    return int(rng.choice(len(p), p=p / p.sum()))


def play(env, net, s, rng, scores, running):
    """Collect T_HORIZON steps; returns the batch, the next state and the score of the unfinished episode."""
    rows = []
    for _ in range(T_HORIZON):
        with torch.no_grad():
            prob = net.pi(torch.tensor(s, dtype=torch.float32))
        a = pick(prob, rng)
        s_next, r, terminated, truncated, _ = env.step(a)
        running += r
        rows.append((s, [a], [r], s_next, [prob[a].item()], [float(terminated)], [float(terminated or truncated)]))
        s = s_next
        if terminated or truncated:
            scores.append(running)
            running = 0.0
            s, _ = env.reset()
    columns = [np.array(column) for column in zip(*rows)]
    s_b, a_b, r_b, next_b, p_b, dead_b, over_b = columns
    batch = (
        torch.tensor(s_b, dtype=torch.float32),
        torch.tensor(a_b),
        torch.tensor(r_b, dtype=torch.float32),
        torch.tensor(next_b, dtype=torch.float32),
        torch.tensor(p_b, dtype=torch.float32),
        torch.tensor(dead_b, dtype=torch.float32),
        torch.tensor(over_b, dtype=torch.float32),
    )
    return batch, s, running


def estimate(net, batch):
    s, _, r, s_next, _, dead, over = batch
    with torch.no_grad():
        v = net.v(s)
        delta = (r + GAMMA * net.v(s_next) * (1 - dead) - v).numpy()
    adv = np.zeros_like(delta)
    acc = 0.0
    for t in range(len(delta) - 1, -1, -1):
        acc = delta[t, 0] + GAMMA * LAMBDA * (1 - over[t, 0].item()) * acc
        adv[t, 0] = acc
    adv = torch.tensor(adv)
    return adv, adv + v


def improve(net, opt, batch):
    s, a, _, _, p_old, _, _ = batch
    adv, target = estimate(net, batch)
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    log_old = torch.log(p_old)
    for _ in range(EPOCHS):
        order = torch.randperm(T_HORIZON)
        for k in range(0, T_HORIZON, BATCH):
            i = order[k : k + BATCH]
            prob = net.pi(s[i])
            p = prob.gather(1, a[i])
            ratio = torch.exp(torch.log(p) - log_old[i])
            gain = ratio * adv[i]
            clipped_gain = torch.clamp(ratio, 1 - CLIP_EPS, 1 + CLIP_EPS) * adv[i]
            entropy = -(prob * torch.log(prob + 1e-8)).sum(dim=1, keepdim=True)
            policy_loss = -torch.min(gain, clipped_gain)
            value_loss = (net.v(s[i]) - target[i]).pow(2)
            loss = (policy_loss + VALUE_COEF * value_loss - ENTROPY_BETA * entropy).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=3)
    ap.add_argument("--total-steps", type=int, default=70_000)
    opt_args = ap.parse_args()
    torch.manual_seed(opt_args.seed)
    rng = np.random.default_rng(opt_args.seed)

    env = gym.make("CartPole-v1")
    net = Net(env.observation_space.shape[0], env.action_space.n)
    opt = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    s, _ = env.reset(seed=opt_args.seed)
    scores, running = [], 0.0
    for n in range(opt_args.total_steps // T_HORIZON):
        batch, s, running = play(env, net, s, rng, scores, running)
        improve(net, opt, batch)
        if n % 5 == 4:
            print("# of steps :{}, avg score : {:.1f}".format((n + 1) * T_HORIZON, np.mean(scores[-20:])), flush=True)
    env.close()


if __name__ == "__main__":
    main()
