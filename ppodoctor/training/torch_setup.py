"""Makes the torch learner and actors: device, threads, network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import Space
from numpy.typing import NDArray

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training import recurrent
from ppodoctor.training.distributions import allowed, distribution_of
from ppodoctor.training.networks import ActorCritic, check_user_network
from ppodoctor.training.spaces import ActionFacts, Layout
from ppodoctor.training.torch_learner import TorchLearner
from ppodoctor.training.trajectory import Flags
from ppodoctor.training.tree import tree_map

if TYPE_CHECKING:
    from ppodoctor.training.policy import Policy


def device_of(name: str) -> torch.device:
    """The device of that name; auto takes CUDA where there is one. Raises ConfigError for one that is not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise ConfigError(f"device={name} cannot be used here: {why}; try device=cpu or device=auto") from None
    return device


def make_network(config: PPOConfig, spaces: tuple[Space[Any], ActionFacts, Layout | None], made_by: Any) -> Any:
    """The built-in network, or the user's own, checked once on a batch of two."""
    space, action, layout = spaces
    if layout is not None:
        return ActorCritic(config, layout, action)
    network = made_by(space, action.parameters)
    if config.recurrent != "none":
        raise ConfigError("recurrent belongs to the built-in network; a network of your own is asked step by step")
    check_user_network(network, _two(space), action.parameters)
    return network


def make_torch_learner(
    config: PPOConfig,
    spaces: tuple[Space[Any], ActionFacts, Layout | None],
    tensors: dict[str, NDArray[Any]] | None,
    made_by: Any,
) -> TorchLearner:
    """A seeded learner. `tensors`: first weights of a plain dense network, so that every learner begins alike."""
    device = device_of(config.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = make_network(config, spaces, made_by)
    if tensors is not None and set(tensors) == set(network.state_dict()):
        network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    return TorchLearner(config, spaces[1], network, device, np.random.default_rng([config.seed, 2]))


def make_torch_actor(policy: Policy, count: int) -> TorchActor:
    """Acts with the network of a saved policy."""
    return TorchActor(load_network(policy), policy, count)


def load_network(policy: Policy) -> Any:
    """The network of a saved policy as a torch module, not learning any more."""
    spaces = (policy.observation_space, policy.action, policy.eyes.layout)
    network = make_network(policy.config, spaces, policy.actor_critic)
    like = network.state_dict()
    network.load_state_dict({name: torch.as_tensor(policy.tensors[name]).to(like[name].dtype) for name in like})
    return network.eval()


class TorchActor:
    """Acts with a torch network for N environments; keeps their memories."""

    def __init__(self, network: Any, policy: Policy, count: int) -> None:
        self.network = network
        self.distribution = distribution_of(policy.action)
        self.generator = torch.Generator().manual_seed(policy.seed)
        self.remembers = isinstance(network, ActorCritic) and network.memory is not None
        self._memory = recurrent.empty_memory(network, count) if self.remembers else ()

    @torch.no_grad()
    def act(self, observation: Any, mask: Flags | None, starts: Flags, *, deterministic: bool) -> NDArray[Any]:
        """Actions [N, ...]."""
        seen = tree_map(torch.as_tensor, observation)
        if self.remembers:
            memory = recurrent.emptied(self._memory, torch.as_tensor(starts))
            parameters, _, self._memory = recurrent.step(self.network, seen, memory)
        else:
            parameters = self.network(seen)[0]
        parameters = allowed(parameters, None if mask is None else torch.as_tensor(mask))
        if deterministic:
            return self.distribution.mode(parameters).numpy()
        return self.distribution.draw(parameters, self.generator).numpy()


def _two(space: Any) -> Any:
    """A batch of two observations of a space, as tensors."""
    if hasattr(space, "spaces") and isinstance(space.spaces, dict):
        return {name: _two(part) for name, part in space.spaces.items()}
    if hasattr(space, "spaces"):
        return tuple(_two(part) for part in space.spaces)
    one = np.asarray(space.sample())
    return torch.as_tensor(np.stack([one, one]))
