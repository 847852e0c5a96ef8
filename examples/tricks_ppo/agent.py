import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Beta, Normal
from torch.utils.data.sampler import BatchSampler, SubsetRandomSampler


def orthogonal_init(layer, gain=1.0):
    nn.init.orthogonal_(layer.weight, gain=gain)
    nn.init.constant_(layer.bias, 0)


class ActorBeta(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.fc1 = nn.Linear(args.state_dim, args.hidden_width)
        self.fc2 = nn.Linear(args.hidden_width, args.hidden_width)
        self.alpha_layer = nn.Linear(args.hidden_width, args.action_dim)
        self.beta_layer = nn.Linear(args.hidden_width, args.action_dim)
        self.activate_func = nn.Tanh() if args.use_tanh else nn.ReLU()
        if args.use_orthogonal_init:
            orthogonal_init(self.fc1)
            orthogonal_init(self.fc2)
            orthogonal_init(self.alpha_layer, gain=0.01)
            orthogonal_init(self.beta_layer, gain=0.01)

    def get_dist(self, s):
        s = self.activate_func(self.fc1(s))
        s = self.activate_func(self.fc2(s))
        return Beta(F.softplus(self.alpha_layer(s)) + 1.0, F.softplus(self.beta_layer(s)) + 1.0)


class ActorGaussian(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.max_action = args.max_action
        self.fc1 = nn.Linear(args.state_dim, args.hidden_width)
        self.fc2 = nn.Linear(args.hidden_width, args.hidden_width)
        self.mean_layer = nn.Linear(args.hidden_width, args.action_dim)
        self.log_std = nn.Parameter(torch.zeros(1, args.action_dim))
        self.activate_func = nn.Tanh() if args.use_tanh else nn.ReLU()
        if args.use_orthogonal_init:
            orthogonal_init(self.fc1)
            orthogonal_init(self.fc2)
            orthogonal_init(self.mean_layer, gain=0.01)

    def get_dist(self, s):
        hidden = self.activate_func(self.fc1(s))
        hidden = self.activate_func(self.fc2(hidden))
        mean = self.max_action * torch.tanh(self.mean_layer(hidden))
        return Normal(mean, torch.exp(self.log_std.expand_as(mean)))


class Critic(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.fc1 = nn.Linear(args.state_dim, args.hidden_width)
        self.fc2 = nn.Linear(args.hidden_width, args.hidden_width)
        self.fc3 = nn.Linear(args.hidden_width, 1)
        self.activate_func = nn.Tanh() if args.use_tanh else nn.ReLU()
        if args.use_orthogonal_init:
            for layer in (self.fc1, self.fc2, self.fc3):
                orthogonal_init(layer)

    def forward(self, s):
        s = self.activate_func(self.fc1(s))
        s = self.activate_func(self.fc2(s))
        return self.fc3(s)


class PPOContinuous:
    def __init__(self, args):
        self.args = args
        self.batch_size, self.mini_batch_size = args.batch_size, args.mini_batch_size
        self.gamma, self.lamda, self.epsilon = args.gamma, args.lamda, args.epsilon
        self.actor = ActorBeta(args) if args.policy_dist == "Beta" else ActorGaussian(args)
        self.critic = Critic(args)
        eps = 1e-5 if args.set_adam_eps else 1e-8
        self.optimizer_actor = torch.optim.Adam(self.actor.parameters(), lr=args.lr_a, eps=eps)
        self.optimizer_critic = torch.optim.Adam(self.critic.parameters(), lr=args.lr_c, eps=eps)

    @torch.no_grad()
    def evaluate(self, s):
        s = torch.tensor(s, dtype=torch.float).unsqueeze(0)
        return self.actor.get_dist(s).mean.numpy().flatten()

    @torch.no_grad()
    def choose_action(self, s):
        s = torch.tensor(s, dtype=torch.float).unsqueeze(0)
        dist = self.actor.get_dist(s)
        a = dist.sample()
        a_logprob = dist.log_prob(a)
        return a.numpy().flatten(), a_logprob.numpy().flatten()

    def update(self, replay_buffer, total_steps):
        s, a, a_logprob, r, s_, dw, done = replay_buffer.numpy_to_tensor()
        adv, gae = [], 0
        with torch.no_grad():
            vs = self.critic(s)
            vs_ = self.critic(s_)
            deltas = r + self.gamma * (1.0 - dw) * vs_ - vs
            for delta, d in zip(reversed(deltas.flatten().numpy()), reversed(done.flatten().numpy())):
                gae = delta + self.gamma * self.lamda * gae * (1.0 - d)
                adv.insert(0, gae)
            adv = torch.tensor(adv, dtype=torch.float).view(-1, 1)
            v_target = adv + vs
            if self.args.use_adv_norm:
                adv = (adv - adv.mean()) / (adv.std() + 1e-5)

        for _ in range(self.args.K_epochs):
            for index in BatchSampler(SubsetRandomSampler(range(self.batch_size)), self.mini_batch_size, False):
                dist_now = self.actor.get_dist(s[index])
                dist_entropy = dist_now.entropy().sum(1, keepdim=True)
                a_logprob_now = dist_now.log_prob(a[index])
                ratios = torch.exp(a_logprob_now.sum(1, keepdim=True) - a_logprob[index].sum(1, keepdim=True))
                surr1 = ratios * adv[index]
                surr2 = torch.clamp(ratios, 1 - self.epsilon, 1 + self.epsilon) * adv[index]
                actor_loss = (-torch.min(surr1, surr2) - self.args.entropy_coef * dist_entropy).mean()
                self.optimizer_actor.zero_grad()
                actor_loss.backward()
                if self.args.use_grad_clip:
                    nn.utils.clip_grad_norm_(self.actor.parameters(), self.args.max_grad_norm)
                self.optimizer_actor.step()

                v_s = self.critic(s[index])
                critic_loss = F.mse_loss(v_target[index], v_s)
                self.optimizer_critic.zero_grad()
                critic_loss.backward()
                if self.args.use_grad_clip:
                    nn.utils.clip_grad_norm_(self.critic.parameters(), self.args.max_grad_norm)
                self.optimizer_critic.step()

        if self.args.use_lr_decay:
            self.lr_decay(total_steps)

    def lr_decay(self, total_steps):
        remaining = 1.0 - total_steps / self.args.max_train_steps
        for group in self.optimizer_actor.param_groups:
            group["lr"] = self.args.lr_a * remaining
        for group in self.optimizer_critic.param_groups:
            group["lr"] = self.args.lr_c * remaining
