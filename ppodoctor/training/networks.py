"""Built-in networks of the torch trainer, and the protocol for a network of your own.

A network of your own is any `nn.Module` whose class can be called with two arguments and whose `forward` takes a batch:

    class MyActorCritic(nn.Module):
        def __init__(self, observation_space: gymnasium.Space, parameters: int) -> None: ...
        def forward(self, observation: Tensor) -> tuple[Tensor, Tensor]: ...   # ([B, parameters], [B])

`observation` is a float32 (or uint8, for images) tensor [B, ...] as the space says, or a dict or tuple of them. The
first result are the parameters of the action distribution: logits for Discrete, MultiDiscrete (side by side) and
MultiBinary; means and then log standard deviations for Box. The second is the value. Train with it by
`train("CartPole-v1", config, actor_critic=MyActorCritic)`, or `ppodoctor train ENV --network nets:MyActorCritic`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.dense import POLICY_GAIN, VALUE_GAIN
from ppodoctor.training.spaces import VECTOR, ActionFacts, Layout

FEATURES = 512
"""Numbers that the Nature CNN makes of an image."""


class UserNetwork(Protocol):
    """What a network of your own has to offer; see this module's text."""

    def __call__(self, observation: Any) -> tuple[Tensor, Tensor]:
        """(parameters of the action distribution [B, P], values [B])."""
        ...


class Dense(nn.ModuleList):
    """Linear layers with an activation between them, and behind the last one where `open_end` is off."""

    def __init__(self, sizes: tuple[int, ...], *, relu: bool, open_end: bool = True) -> None:
        super().__init__(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.relu, self.open_end = relu, open_end

    def forward(self, x: Tensor) -> Tensor:
        """[..., out] from [..., in]."""
        for number, layer in enumerate(self):
            x = layer(x)
            if number < len(self) - 1 or not self.open_end:
                x = torch.relu(x) if self.relu else torch.tanh(x)
        return x


class NatureCNN(nn.Module):
    """Image [B, C, H, W] uint8 to 512 numbers (Mnih et al. 2015, methods)."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], 32, 8, stride=4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3),
            nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            size = self.layers(torch.zeros(1, *shape)).shape[1]
        self.out = nn.Linear(size, FEATURES)

    def forward(self, image: Tensor) -> Tensor:
        """[B, 512]."""
        # on the CPU, channels last makes forward and backward together 1.4 times as fast, but forward alone no faster
        learns = torch.is_grad_enabled() and image.device.type == "cpu"
        layout = torch.channels_last if learns else torch.preserve_format
        return torch.relu(self.out(self.layers(image.to(torch.float32, memory_format=layout) / 255.0)))


class Encoder(nn.Module):
    """What the layout gives to one vector [B, F]: the vector as it is, each image by its own CNN."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.images = nn.ModuleDict({_key(name): NatureCNN(shape) for name, shape in layout.images})
        self.names = [name for name, _ in layout.images]
        self.has_vector = bool(layout.vector)
        self.size = layout.vector + FEATURES * len(self.names)

    def forward(self, observation: Any) -> Tensor:
        """[B, F]."""
        if isinstance(observation, Tensor):
            return observation
        parts = [observation[VECTOR]] if self.has_vector else []
        parts += [self.images[_key(name)](observation[name]) for name in self.names]
        return torch.cat(parts, dim=-1)


class ActorCritic(nn.Module):
    """The built-in network: encoder, memory where asked for, then an actor and a critic, apart or on a shared trunk.

    Behind an encoder of images alone, actor and critic are one linear layer each, as for Atari in the literature.
    """

    def __init__(self, config: PPOConfig, layout: Layout, action: ActionFacts) -> None:
        super().__init__()
        relu = config.activation == "relu"
        hidden = () if layout.images and not layout.vector else config.hidden_sizes
        self.encoder = Encoder(layout)
        size = self.encoder.size
        self.memory: nn.LSTM | nn.GRU | None = None
        if config.recurrent != "none":
            kind = nn.LSTM if config.recurrent == "lstm" else nn.GRU
            self.memory = kind(size, config.recurrent_size)
            size = config.recurrent_size
        self.trunk: Dense | None = None
        if config.shared_network and hidden:
            self.trunk = Dense((size, *hidden), relu=relu, open_end=False)
            size, hidden = hidden[-1], ()
        self.actor = Dense((size, *hidden, action.outputs), relu=relu)
        self.critic = Dense((size, *hidden, 1), relu=relu)
        self.log_std = nn.Parameter(torch.full((action.outputs,), config.log_std_init)) if action.continuous else None
        if config.orthogonal_init:
            _orthogonal(self)

    def forward(self, observation: Any) -> tuple[Tensor, Tensor]:
        """(parameters [B, P], values [B]); for a policy without memory."""
        return self.heads(self.encoder(observation))

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Parameters and values from features [..., F] behind the encoder and the memory."""
        if self.trunk is not None:
            features = self.trunk(features)
        parameters = self.actor(features)
        if self.log_std is not None:
            parameters = torch.cat([parameters, self.log_std.expand_as(parameters)], dim=-1)
        return parameters, self.critic(features)[..., 0]


def _orthogonal(network: ActorCritic) -> None:
    """Orthogonal weights and zero biases: gain sqrt(2), for the last layers 0.01 (actor) and 1 (critic)."""
    gains = {network.actor[-1]: POLICY_GAIN, network.critic[-1]: VALUE_GAIN}
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(module.weight, gains.get(module, float(np.sqrt(2.0))))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LSTM | nn.GRU):
            for name, parameter in module.named_parameters():
                if "weight" in name:
                    nn.init.orthogonal_(parameter)
                else:
                    nn.init.zeros_(parameter)


def check_user_network(network: Any, observation: Any, parameters: int) -> None:
    """Ask a user's network once. Raises ConfigError with what was seen where its results have another shape."""
    try:
        with torch.no_grad():
            found = network(observation)
    except (TypeError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{type(network).__name__} cannot take a batch of observations: {error}") from error
    rows = _rows(observation)
    if not (isinstance(found, tuple) and len(found) == 2 and all(isinstance(one, Tensor) for one in found)):
        raise ConfigError(f"{type(network).__name__} gave {type(found).__name__}; (parameters, values) was expected")
    for what, one, shape in (("parameters", found[0], (rows, parameters)), ("values", found[1], (rows,))):
        if tuple(one.shape) != shape:
            raise ConfigError(f"{type(network).__name__} gave {what} of shape {tuple(one.shape)}; {shape} was expected")


def _rows(tree: Any) -> int:
    if isinstance(tree, dict):
        return _rows(next(iter(tree.values())))
    return _rows(tree[0]) if isinstance(tree, tuple) else len(tree)


def _key(name: str) -> str:
    """torch allows no dot in a module's name."""
    return name.replace(".", "_")
