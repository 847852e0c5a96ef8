"""Policies with memory: one step while acting, whole sequences while learning, emptied where an episode begins."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ppodoctor.training.networks import ActorCritic
from ppodoctor.training.tree import tree_map

Memory = tuple[Tensor, ...]
"""[1, N, H] each: hidden state, and cell state of an LSTM."""


def empty_memory(network: ActorCritic, count: int) -> Memory:
    """Zeros for N environments."""
    assert network.memory is not None
    kinds = 2 if isinstance(network.memory, torch.nn.LSTM) else 1
    like = next(network.memory.parameters())
    return tuple(like.new_zeros(1, count, network.memory.hidden_size) for _ in range(kinds))


def emptied(memory: Memory, starts: Tensor) -> Memory:
    """Zero where an episode begins; `starts` [N] bool."""
    going = (~starts).to(memory[0].dtype)[None, :, None]
    return tuple(one * going for one in memory)


def step(network: ActorCritic, observation: Any, memory: Memory) -> tuple[Tensor, Tensor, Memory]:
    """(parameters [N, P], values [N], memory behind this step) for one observation of each environment."""
    features = network.encoder(observation)
    out, memory = _remember(network, features[None], memory)
    parameters, values = network.heads(out[0])
    return parameters, values, memory


def unroll(network: ActorCritic, observation: Any, memory: Memory, starts: Tensor) -> tuple[Tensor, Tensor]:
    """(parameters [T, N, P], values [T, N]) over sequences, through every episode's beginning.

    Args:
        network: With a memory.
        observation: [T, N, ...].
        memory: Before the first row.
        starts: [T, N] bool: the memory is emptied before this row.
    """
    steps, count = starts.shape
    flat = tree_map(lambda one: one.reshape(steps * count, *one.shape[2:]), observation)
    features = network.encoder(flat).reshape(steps, count, -1)
    # between two rows at which any episode begins, one call of the memory takes all rows
    cuts = [0, *(t for t in starts.any(dim=1).nonzero()[:, 0].tolist() if t), steps]
    outs = []
    for begin, end in pairwise(cuts):
        out, memory = _remember(network, features[begin:end], emptied(memory, starts[begin]))
        outs.append(out)
    return network.heads(torch.cat(outs))


def _remember(network: ActorCritic, features: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    assert network.memory is not None
    if isinstance(network.memory, torch.nn.LSTM):
        out, (hidden, cell) = network.memory(features, (memory[0], memory[1]))
        return out, (hidden, cell)
    out, hidden = network.memory(features, memory[0])
    return out, (hidden,)
