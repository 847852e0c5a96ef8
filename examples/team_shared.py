"""PPO for a team that shares one actor and trains it with a central critic: three carts deliver on one floor."""

import argparse
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical


class DeliveryFloor:
    """Carts with a goal each; a cart that arrives gets another goal. Two carts in one place end the shift for all.

    A delivery pays its cart 3 and every cart of the team 0.3 more, a collision costs every cart 3. Without one the
    shift is over after `max_cycles` moves.
    """

    size, max_cycles = 7, 30
    possible_agents = ["cart_0", "cart_1", "cart_2"]
    moves = np.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]])
    n_actions, obs_dim = 5, 8

    def __init__(self):
        self.rng = np.random.default_rng()

    def reset(self, seed=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.agents, self.cycle = list(self.possible_agents), 0
        cells = self.rng.choice(self.size**2, 2 * len(self.agents), replace=False)
        places = np.stack([cells // self.size, cells % self.size], axis=1)
        self.at, self.goal = places[: len(self.agents)], places[len(self.agents) :]
        return self.observe(), {agent: {} for agent in self.agents}

    def step(self, actions):
        before = self.at
        choice = [actions[agent] for agent in self.agents]
        self.at = np.clip(before + self.moves[choice], 0, self.size - 1)
        self.cycle += 1

        arrived = (self.at == self.goal).all(axis=1)
        for i in np.flatnonzero(arrived):
            while (self.goal[i] == self.at[i]).all():
                self.goal[i] = self.rng.integers(self.size, size=2)
        crashed = self.crashed(before)
        shared = 0.3 * arrived.sum() - 3.0 * crashed
        rewards = {agent: 3.0 * arrived[i] + shared for i, agent in enumerate(self.agents)}
        terminations = {agent: crashed for agent in self.agents}
        truncations = {agent: not crashed and self.cycle >= self.max_cycles for agent in self.agents}
        infos = {agent: {"deliveries": int(arrived[i])} for i, agent in enumerate(self.agents)}
        return self.observe(), rewards, terminations, truncations, infos

    def crashed(self, before):
        for i in range(len(self.at)):
            for j in range(i):
                swapped = (self.at[i] == before[j]).all() and (self.at[j] == before[i]).all()
                if swapped or (self.at[i] == self.at[j]).all():
                    return True
        return False

    def observe(self):
        observations = {}
        for i, agent in enumerate(self.agents):
            others = np.delete(self.at, i, axis=0) - self.at[i]
            parts = [2 * self.at[i] / (self.size - 1) - 1, (self.goal[i] - self.at[i]) / 3, others.flatten() / 3]
            observations[agent] = np.concatenate(parts).astype(np.float32)
        return observations


class SharedBuffer:
    """One rollout in arrays [step, env, agent, ...]; `masks[t]` is zero where step t is the first of an episode."""

    def __init__(self, args, n_agents, obs_dim, state_dim):
        shape = (args.episode_length, args.n_rollout_threads, n_agents)
        longer = (args.episode_length + 1, args.n_rollout_threads, n_agents)
        self.obs = np.zeros((*shape, obs_dim), dtype=np.float32)
        self.share_obs = np.zeros((*shape, state_dim), dtype=np.float32)
        self.actions = np.zeros(shape, dtype=np.int64)
        self.action_log_probs = np.zeros(shape, dtype=np.float32)
        self.rewards = np.zeros(shape, dtype=np.float32)
        self.timeout_values = np.zeros(shape, dtype=np.float32)
        self.value_preds = np.zeros(longer, dtype=np.float32)
        self.masks = np.ones(longer, dtype=np.float32)
        self.advantages = np.zeros(shape, dtype=np.float32)
        self.returns = np.zeros(shape, dtype=np.float32)

    def compute_returns(self, next_value, gamma, gae_lambda):
        self.value_preds[-1] = next_value
        gae = np.zeros_like(next_value)
        for step in reversed(range(len(self.rewards))):
            going_on = self.masks[step + 1]
            worth = going_on * self.value_preds[step + 1] + self.timeout_values[step]
            delta = self.rewards[step] + gamma * worth - self.value_preds[step]
            gae = delta + gamma * gae_lambda * going_on * gae
            self.advantages[step] = gae
        self.returns = self.advantages + self.value_preds[:-1]

    def feed_forward_generator(self, num_mini_batch):
        advantages = (self.advantages - self.advantages.mean()) / (self.advantages.std() + 1e-5)
        columns = (self.obs, self.share_obs, self.actions, self.action_log_probs, advantages, self.returns)
        rows = [torch.from_numpy(x.reshape(-1, *x.shape[3:])) for x in columns]
        for ids in torch.randperm(len(rows[0])).chunk(num_mini_batch):
            yield [x[ids] for x in rows]


def init(layer, gain):
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class MLPBase(nn.Module):
    def __init__(self, n_inputs, n_outputs, hidden_size, output_gain):
        super().__init__()
        gain = nn.init.calculate_gain("tanh")
        self.fc1 = init(nn.Linear(n_inputs, hidden_size), gain)
        self.fc2 = init(nn.Linear(hidden_size, hidden_size), gain)
        self.out = init(nn.Linear(hidden_size, n_outputs), output_gain)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.out(x)


class MAPPO:
    def __init__(self, args, n_agents, n_actions, obs_dim, state_dim):
        self.args = args
        self.actor = MLPBase(obs_dim, n_actions, args.hidden_size, output_gain=0.01)
        self.critic = MLPBase(state_dim, 1, args.hidden_size, output_gain=1.0)
        groups = [
            {"params": self.actor.parameters(), "lr": args.lr, "initial_lr": args.lr},
            {"params": self.critic.parameters(), "lr": args.critic_lr, "initial_lr": args.critic_lr},
        ]
        self.optimizer = torch.optim.Adam(groups, eps=1e-5)

    @torch.no_grad()
    def get_actions(self, obs):
        dist = Categorical(logits=self.actor(torch.from_numpy(obs)))
        action = dist.sample()
        return action.numpy(), dist.log_prob(action).numpy()

    @torch.no_grad()
    def get_values(self, share_obs):
        return self.critic(torch.from_numpy(share_obs)).squeeze(-1).numpy()

    def lr_decay(self, update, updates):
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * (1.0 - update / updates)

    def ppo_update(self, sample):
        obs, share_obs, actions, old_log_probs, adv_targ, returns = sample
        clip = self.args.clip_param
        dist = Categorical(logits=self.actor(obs))
        imp_weights = torch.exp(dist.log_prob(actions) - old_log_probs)
        surr1 = imp_weights * adv_targ
        surr2 = torch.clamp(imp_weights, 1.0 - clip, 1.0 + clip) * adv_targ
        policy_loss = -torch.min(surr1, surr2).mean()
        dist_entropy = dist.entropy().mean()
        values = self.critic(share_obs).squeeze(-1)
        value_loss = F.huber_loss(values, returns, delta=self.args.huber_delta)

        loss = policy_loss - self.args.entropy_coef * dist_entropy + self.args.value_loss_coef * value_loss
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*self.actor.parameters(), *self.critic.parameters()], self.args.max_grad_norm)
        self.optimizer.step()
        return policy_loss.item(), value_loss.item(), dist_entropy.item()

    def train(self, buffer):
        losses = []
        for _ in range(self.args.ppo_epochs):
            for sample in buffer.feed_forward_generator(self.args.num_mini_batch):
                losses.append(self.ppo_update(sample))
        return np.mean(losses, axis=0)


class Runner:
    def __init__(self, args):
        self.args = args
        self.envs = [DeliveryFloor() for _ in range(args.n_rollout_threads)]
        self.agents = DeliveryFloor.possible_agents
        n_agents, obs_dim = len(self.agents), DeliveryFloor.obs_dim
        state_dim = n_agents * obs_dim + n_agents
        self.trainer = MAPPO(args, n_agents, DeliveryFloor.n_actions, obs_dim, state_dim)
        self.buffer = SharedBuffer(args, n_agents, obs_dim, state_dim)
        self.team_returns, self.deliveries = deque(maxlen=100), deque(maxlen=100)
        self.running = np.zeros((args.n_rollout_threads, 2))

    def join(self, observations):
        return np.stack([observations[agent] for agent in self.agents])

    def share(self, obs):
        """What the critic sees, for every agent: the observations of the whole team and which agent is asked for."""
        team = obs.reshape(*obs.shape[:-2], 1, -1).repeat(len(self.agents), axis=-2)
        names = np.broadcast_to(np.eye(len(self.agents), dtype=np.float32), (*obs.shape[:-1], len(self.agents)))
        return np.concatenate([team, names], axis=-1)

    def collect(self, obs):
        buffer, trainer = self.buffer, self.trainer
        buffer.timeout_values[:] = 0.0
        for step in range(self.args.episode_length):
            share_obs = self.share(obs)
            actions, log_probs = trainer.get_actions(obs)
            buffer.obs[step], buffer.share_obs[step] = obs, share_obs
            buffer.actions[step], buffer.action_log_probs[step] = actions, log_probs
            buffer.value_preds[step] = trainer.get_values(share_obs)
            for e, env in enumerate(self.envs):
                chosen = dict(zip(self.agents, actions[e].tolist()))
                observations, rewards, terminations, truncations, infos = env.step(chosen)
                reached = self.join(observations)
                buffer.rewards[step, e] = [rewards[agent] for agent in self.agents]
                self.running[e] += np.mean(list(rewards.values())), sum(i["deliveries"] for i in infos.values())
                if any(truncations.values()):
                    buffer.timeout_values[step, e] = trainer.get_values(self.share(reached))
                ended = any(terminations.values()) or any(truncations.values())
                if ended:
                    self.team_returns.append(self.running[e, 0])
                    self.deliveries.append(self.running[e, 1])
                    self.running[e] = 0.0
                    observations, _ = env.reset()
                    reached = self.join(observations)
                buffer.masks[step + 1, e] = 0.0 if ended else 1.0
                obs[e] = reached
        return obs

    def run(self):
        args = self.args
        obs = np.stack([self.join(env.reset(seed=1000 * args.seed + e)[0]) for e, env in enumerate(self.envs)])
        for update in range(args.num_updates):
            self.trainer.lr_decay(update, args.num_updates)
            obs = self.collect(obs)
            next_value = self.trainer.get_values(self.share(obs))
            self.buffer.compute_returns(next_value, args.gamma, args.gae_lambda)
            policy_loss, value_loss, entropy = self.trainer.train(self.buffer)
            if (update + 1) % args.log_interval == 0:
                print(
                    f"update {update + 1:4d}  team return {np.mean(self.team_returns):6.2f}  "
                    f"deliveries {np.mean(self.deliveries):5.2f}  entropy {entropy:.2f}  value loss {value_loss:.3f}",
                    flush=True,
                )


def get_config():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--num-updates", type=int, default=300)
    parser.add_argument("--n-rollout-threads", type=int, default=8)
    parser.add_argument("--episode-length", type=int, default=64)
    parser.add_argument("--hidden-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--critic-lr", type=float, default=1e-3)
    parser.add_argument("--gamma", type=float, default=0.95)
    parser.add_argument("--gae-lambda", type=float, default=0.95)
    parser.add_argument("--clip-param", type=float, default=0.2)
    parser.add_argument("--ppo-epochs", type=int, default=6)
    parser.add_argument("--num-mini-batch", type=int, default=4)
    parser.add_argument("--entropy-coef", type=float, default=0.02)
    parser.add_argument("--value-loss-coef", type=float, default=0.5)
    parser.add_argument("--huber-delta", type=float, default=10.0)
    parser.add_argument("--max-grad-norm", type=float, default=0.5)
    parser.add_argument("--log-interval", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    config = get_config()
    torch.manual_seed(config.seed)
    torch.set_num_threads(1)
    Runner(config).run()
