"""PPO for a courier on a grid: dictionary observations, and actions that are not always allowed."""

import argparse

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from torch import nn
from torch.distributions import Categorical
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

HP = {
    "n_envs": 4,
    "rollout": 256,
    "actor_lr": 1e-3,
    "critic_lr": 2e-3,
    "gamma": 0.97,
    "lam": 0.95,
    "clip_eps": 0.2,
    "epochs": 4,
    "batch": 128,
    "entropy_coef": 0.01,
    "max_grad_norm": 0.3,
}

MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))  # actions 0 to 3
PICK_UP, DELIVER = 4, 5
WALL = {(1, 3), (2, 3), (4, 1), (4, 2)}


class Courier(gym.Env):
    """Fetch the parcel, bring it to the depot, keep out of the pit.

    A step may slip to another free neighbour. `mask` tells which of the six actions are allowed: walls and edges
    stop moves, a parcel is picked up only where it lies and handed in only at the depot. Delivery and pit end the
    episode, and so does the clock.
    """

    size, horizon = 6, 40

    def __init__(self):
        agent, goal, mask = (spaces.Box(low, 1.0, (n,), np.float32) for low, n in ((-1.0, 3), (-1.0, 6), (0.0, 6)))
        self.observation_space = spaces.Dict(agent=agent, goal=goal, mask=mask)
        self.action_space = spaces.Discrete(6)
        self.free = [(r, c) for r in range(self.size) for c in range(self.size) if (r, c) not in WALL]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        places = self.np_random.choice(len(self.free), 4, replace=False)
        self.at, self.parcel, self.depot, self.pit = (self.free[p] for p in places)
        self.loaded, self.clock = False, 0
        return self.look(), {}

    def step(self, action):
        mask = self.allowed()
        self.clock += 1
        reward = -0.02
        if action == PICK_UP and mask[PICK_UP]:
            self.loaded = True
            reward += 0.5
        delivered = bool(action == DELIVER and mask[DELIVER])
        if action < 4 and mask[action]:
            if self.np_random.random() < 0.1:
                action = self.np_random.choice(np.flatnonzero(mask[:4]))
            self.at = self.neighbour(action)
        fallen = self.at == self.pit
        reward += 1.0 * delivered - 1.0 * fallen
        return self.look(), reward, delivered or fallen, self.clock >= self.horizon, {}

    def neighbour(self, action):
        return self.at[0] + MOVES[action][0], self.at[1] + MOVES[action][1]

    def allowed(self):
        moves = [self.neighbour(a) in self.free for a in range(4)]
        return [*moves, self.at == self.parcel and not self.loaded, self.at == self.depot and self.loaded]

    def look(self):
        here = np.array(self.at)
        ways = [(np.array(place) - here) / (self.size - 1) for place in (self.parcel, self.depot, self.pit)]
        return {
            "agent": np.array([*(here / (self.size - 1) * 2 - 1), float(self.loaded)], np.float32),
            "goal": np.concatenate(ways).astype(np.float32),
            "mask": np.array(self.allowed(), np.float32),
        }


def mlp(n_in, n_out, last_gain):
    sizes = [n_in, 64, 64, n_out]
    layers = []
    for k in range(3):
        linear = nn.Linear(sizes[k], sizes[k + 1])
        nn.init.orthogonal_(linear.weight, last_gain if k == 2 else 2**0.5)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def features(obs):
    return torch.cat([obs["agent"], obs["goal"]], dim=-1)


def policy(actor, x, mask):
    """The distribution over the allowed actions: the others get a logit that leaves them no probability."""
    return Categorical(logits=actor(x) + (1.0 - mask) * -1e8)


def stack(observations):
    return {key: torch.as_tensor(np.stack([obs[key] for obs in observations])) for key in observations[0]}


def play(envs, observations, actor, critic, scores, totals):
    rollout = []
    for _ in range(HP["rollout"]):
        obs = stack(observations)
        x = features(obs)
        with torch.no_grad():
            dist = policy(actor, x, obs["mask"])
            action = dist.sample()
            step = {"x": x, "mask": obs["mask"], "action": action, "log_prob": dist.log_prob(action)}
            step["value"] = critic(x).squeeze(-1)

        reached, rewards, dead, over = [], [], [], []
        for i, env in enumerate(envs):
            seen, reward, terminated, truncated, _ = env.step(action[i].item())
            reached.append(seen)
            rewards.append(reward)
            dead.append(terminated)
            over.append(terminated or truncated)
            totals[i] += reward
            if terminated or truncated:
                scores.append(totals[i])
                totals[i] = 0.0
                seen, _ = env.reset()
            observations[i] = seen

        with torch.no_grad():
            step["next_value"] = critic(features(stack(reached))).squeeze(-1)
        step["reward"] = torch.tensor(rewards, dtype=torch.float32)
        step["dead"] = torch.tensor(dead, dtype=torch.float32)
        step["over"] = torch.tensor(over, dtype=torch.float32)
        rollout.append(step)
    return rollout


def advantages_of(rollout):
    advantages, tail = [], torch.zeros(HP["n_envs"])
    for step in reversed(rollout):
        target = step["reward"] + HP["gamma"] * (1 - step["dead"]) * step["next_value"]
        tail = target - step["value"] + HP["gamma"] * HP["lam"] * (1 - step["over"]) * tail
        advantages.append(tail)
    return torch.stack(advantages[::-1])


def learn(rollout, actor, critic, optimizer):
    data = {key: torch.stack([step[key] for step in rollout]) for key in rollout[0]}
    adv = advantages_of(rollout)
    returns = adv + data["value"]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    columns = (data["x"], data["mask"], data["action"], data["log_prob"], adv, returns)
    loader = DataLoader(TensorDataset(*(c.flatten(0, 1) for c in columns)), batch_size=HP["batch"], shuffle=True)
    for _ in range(HP["epochs"]):
        for x, mask, action, old_log_prob, advantage, target in loader:
            dist = policy(actor, x, mask)
            ratio = torch.exp(dist.log_prob(action) - old_log_prob)
            clipped = ratio.clamp(1 - HP["clip_eps"], 1 + HP["clip_eps"])
            actor_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
            critic_loss = F.smooth_l1_loss(critic(x).squeeze(-1), target)
            loss = actor_loss + critic_loss - HP["entropy_coef"] * dist.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], HP["max_grad_norm"])
            optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--updates", type=int, default=400)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)

    envs = [Courier() for _ in range(HP["n_envs"])]
    observations = [env.reset(seed=args.seed * 1000 + i)[0] for i, env in enumerate(envs)]
    actor, critic = mlp(9, 6, last_gain=0.01), mlp(9, 1, last_gain=1.0)
    actor_group = {"params": actor.parameters(), "lr": HP["actor_lr"]}
    critic_group = {"params": critic.parameters(), "lr": HP["critic_lr"]}
    optimizer = torch.optim.Adam([actor_group, critic_group], eps=1e-5)
    scores, totals = [], [0.0] * HP["n_envs"]
    for k in range(1, args.updates + 1):
        rollout = play(envs, observations, actor, critic, scores, totals)
        learn(rollout, actor, critic, optimizer)
        if k % 10 == 0:
            print(f"{k * HP['rollout'] * HP['n_envs']:7d} steps  return {np.mean(scores[-100:]):6.2f}", flush=True)


if __name__ == "__main__":
    main()
