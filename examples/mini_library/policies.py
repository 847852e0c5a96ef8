import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class FlattenExtractor(nn.Module):
    def __init__(self, observation_space):
        super().__init__()
        self.flatten = nn.Flatten()
        self.features_dim = int(np.prod(observation_space.shape))

    def forward(self, observations):
        return self.flatten(observations)


class MlpExtractor(nn.Module):
    """Two separate stacks of layers, one for the policy and one for the value function."""

    def __init__(self, feature_dim, net_arch, activation_fn):
        super().__init__()
        self.policy_net = self._build(feature_dim, net_arch["pi"], activation_fn)
        self.value_net = self._build(feature_dim, net_arch["vf"], activation_fn)
        self.latent_dim_pi, self.latent_dim_vf = net_arch["pi"][-1], net_arch["vf"][-1]

    @staticmethod
    def _build(last_dim, sizes, activation_fn):
        layers = []
        for size in sizes:
            layers += [nn.Linear(last_dim, size), activation_fn()]
            last_dim = size
        return nn.Sequential(*layers)


class BasePolicy(nn.Module):
    @staticmethod
    def init_weights(module, gain=1.0):
        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight, gain=gain)
            module.bias.data.fill_(0.0)

    def obs_to_tensor(self, obs):
        return torch.as_tensor(obs, dtype=torch.float32)


class ActorCriticPolicy(BasePolicy):
    def __init__(self, observation_space, action_space, lr_schedule, net_arch=None, activation_fn=nn.Tanh):
        super().__init__()
        net_arch = net_arch or {"pi": [64, 64], "vf": [64, 64]}
        self.features_extractor = FlattenExtractor(observation_space)
        self.mlp_extractor = MlpExtractor(self.features_extractor.features_dim, net_arch, activation_fn)
        self.action_net = nn.Linear(self.mlp_extractor.latent_dim_pi, int(action_space.n))
        self.value_net = nn.Linear(self.mlp_extractor.latent_dim_vf, 1)
        gains = {self.mlp_extractor: np.sqrt(2), self.action_net: 0.01, self.value_net: 1.0}
        for module, gain in gains.items():
            module.apply(lambda m, gain=gain: self.init_weights(m, gain))
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lr_schedule(1.0), eps=1e-5)

    def forward(self, obs):
        distribution, values = self.get_distribution(obs), self.predict_values(obs)
        actions = distribution.sample()
        return actions, values, distribution.log_prob(actions)

    def get_distribution(self, obs):
        latent_pi = self.mlp_extractor.policy_net(self.features_extractor(obs))
        return Categorical(logits=self.action_net(latent_pi))

    def predict_values(self, obs):
        latent_vf = self.mlp_extractor.value_net(self.features_extractor(obs))
        return self.value_net(latent_vf)

    def evaluate_actions(self, obs, actions):
        distribution = self.get_distribution(obs)
        return self.predict_values(obs), distribution.log_prob(actions), distribution.entropy()
