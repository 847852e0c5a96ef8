"""A trained policy as one torch module, from observations as the environment gives them to actions as it takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.nn import functional

from ppodoctor.training import recurrent
from ppodoctor.training.distributions import distribution_of
from ppodoctor.training.networks import ActorCritic
from ppodoctor.training.normalize import LIMIT
from ppodoctor.training.policy import Policy
from ppodoctor.training.spaces import VECTOR, image_shape, parts_of_space
from ppodoctor.training.torch_setup import load_network


class Exported(nn.Module):
    """Packing, frozen normaliser, network and most probable action in one graph.

    `forward(observations, memory)`: a list of arrays [B, ...], one for each leaf of the observation space, and the
    memory of a recurrent policy ([1, B, H] each, zeros where an episode begins), empty without one. Gives the action
    [B, ...] as the environment takes it, the parameters [B, P] of the action distribution (logits; means and then log
    standard deviations), and the memory behind this step.
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.observation_space, self.action_space = policy.observation_space, policy.action_space
        self.layout = policy.eyes.layout
        self.network = load_network(policy)
        self.distribution = distribution_of(policy.action)
        self.squashed = policy.action.kind == "squashed"
        self.remembers = isinstance(self.network, ActorCritic) and self.network.memory is not None
        scale = policy.eyes.scale
        self.scaled = scale is not None
        if scale is not None:
            moments = scale.moments
            self.register_buffer("mean", torch.as_tensor(moments.mean.astype(np.float32)))
            inverse = (1.0 / np.sqrt(moments.var + 1e-8)).astype(np.float32)
            self.register_buffer("inverse", torch.as_tensor(inverse))
        if isinstance(self.action_space, spaces.Box):
            for name in ("low", "high"):
                self.register_buffer(name, torch.as_tensor(getattr(self.action_space, name).astype(np.float32)))

    def forward(self, observations: list[Tensor], memory: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """(action, parameters, memory)."""
        seen = self._scale(self._pack(list(observations)))
        after: tuple[Tensor, ...] = ()
        if self.remembers:
            parameters, _, after = recurrent.step(self.network, seen, tuple(memory))
        else:
            parameters = self.network(seen)[0]
        return self._act(self.distribution.mode(parameters)), parameters, list(after)

    def example(self, rows: int) -> tuple[list[Tensor], list[Tensor]]:
        """Observations drawn from the space, and an empty memory."""
        drawn = [
            [torch.as_tensor(np.asarray(leaf)) for leaf in _leaves(_sample(self.observation_space))]
            for _ in range(rows)
        ]
        memory = list(recurrent.empty_memory(self.network, rows)) if self.remembers else []
        return [torch.stack(column) for column in zip(*drawn, strict=True)], memory

    def names(self) -> list[str]:
        """Of the observations: `observation`, or `observation.KEY` for each leaf of a Dict or Tuple."""
        return list(_names(self.observation_space, "observation"))

    def _pack(self, leaves: list[Tensor]) -> Any:
        """What `Layout.pack` does, as tensors; for a network of one's own the observation as its space is nested."""
        if self.layout is None:
            return _nested(self.observation_space, iter(leaves))
        vectors: list[Tensor] = []
        images: dict[str, Tensor] = {}
        _pack(self.observation_space, iter(leaves), "image", (vectors, images))
        vector = torch.cat(vectors, dim=1) if vectors else None
        if not images:
            return vector
        return images if vector is None else {VECTOR: vector, **images}

    def _scale(self, seen: Any) -> Any:
        if not self.scaled:
            return seen
        vector = seen[VECTOR] if isinstance(seen, dict) else seen
        scaled = ((vector - self.mean) * self.inverse).clamp(-LIMIT, LIMIT)
        return {**seen, VECTOR: scaled} if isinstance(seen, dict) else scaled

    def _act(self, drawn: Tensor) -> Tensor:
        """What `envs.actions.sender` does, as tensors."""
        space = self.action_space
        if isinstance(space, spaces.Discrete):
            return drawn + int(space.start)
        if isinstance(space, spaces.MultiDiscrete):
            return (drawn + torch.as_tensor(np.ravel(space.start))).reshape(-1, *space.shape)
        if isinstance(space, spaces.Box):
            low, high = self.get_buffer("low"), self.get_buffer("high")
            sent = (torch.tanh(drawn) if self.squashed else drawn).reshape(-1, *space.shape)
            if self.squashed:
                sent = (high / 2 + low / 2) + (high / 2 - low / 2) * sent
            sent = sent.round() if np.issubdtype(space.dtype, np.integer) else sent
            return torch.minimum(torch.maximum(sent, low), high)
        return drawn.reshape(-1, *(space.shape or ()))


def _pack(space: Any, leaves: Any, name: str, found: tuple[list[Tensor], dict[str, Tensor]]) -> None:
    vectors, images = found
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for key, part in parts_of_space(space):
            _pack(part, leaves, f"{name}.{key}", found)
        return
    one = next(leaves)
    if isinstance(space, spaces.Box):
        shape = image_shape(space)
        if shape is None:
            vectors.append(one.flatten(1).float() if one.ndim > 1 else one[:, None].float())
        else:
            images[name] = one if space.shape == shape else one.movedim(-1, 1)
    elif isinstance(space, spaces.Discrete):
        vectors.append(functional.one_hot(one.reshape(-1).long() - int(space.start), int(space.n)).float())
    elif isinstance(space, spaces.MultiDiscrete):
        digits, starts = one.flatten(1).long(), np.ravel(space.start)
        vectors.extend(
            functional.one_hot(digits[:, i] - int(starts[i]), int(n)).float()
            for i, n in enumerate(np.ravel(space.nvec))
        )
    else:
        vectors.append(one.flatten(1).float())


def _nested(space: Any, leaves: Any) -> Any:
    if isinstance(space, spaces.Dict):
        return {key: _nested(part, leaves) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_nested(part, leaves) for part in space.spaces)
    return next(leaves)


def _names(space: Any, name: str) -> Any:
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for key, part in parts_of_space(space):
            yield from _names(part, f"{name}.{key}")
    else:
        yield name


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return [leaf for part in parts for leaf in _leaves(part)]
    return [value]


def _sample(space: Any) -> Any:
    """A draw from a space, in which no number is so large that a network sees nothing else."""
    if isinstance(space, spaces.Dict):
        return {key: _sample(part) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_sample(part) for part in space.spaces)
    drawn = np.asarray(space.sample())
    return np.clip(drawn, -LIMIT, LIMIT).astype(drawn.dtype) if drawn.dtype.kind == "f" else drawn
