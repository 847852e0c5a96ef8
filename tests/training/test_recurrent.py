"""Memory: sequences give what single steps gave, nothing crosses an episode's beginning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from ppodoctor.config import PPOConfig
from ppodoctor.training import recurrent
from ppodoctor.training.networks import ActorCritic
from ppodoctor.training.spaces import action_facts, layout_of


def network(kind, seed=0):
    torch.manual_seed(seed)
    config = PPOConfig(num_envs=4, recurrent=kind, recurrent_size=5, hidden_sizes=(6,), orthogonal_init=False)
    return ActorCritic(config, layout_of(spaces.Box(-1, 1, (3,))), action_facts(spaces.Discrete(2)))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1), st.integers(1, 9))
def test_a_sequence_is_its_steps(kind, seed, steps):
    net = network(kind)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(steps, 4, 3, generator=generator)
    starts = torch.rand(steps, 4, generator=generator) < 0.3
    memory = tuple(torch.randn(one.shape, generator=generator) for one in recurrent.empty_memory(net, 4))
    with torch.no_grad():
        parameters, values = recurrent.unroll(net, x, memory, starts)
        for t in range(steps):
            memory = recurrent.emptied(memory, starts[t])
            p, v, memory = recurrent.step(net, x[t], memory)
            assert torch.allclose(parameters[t], p, atol=1e-5)
            assert torch.allclose(values[t], v, atol=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_nothing_crosses_the_beginning_of_an_episode(kind):
    net = network(kind)
    x = torch.randn(6, 2, 3, requires_grad=True)
    starts = torch.zeros(6, 2, dtype=torch.bool)
    starts[3, 0] = True
    parameters, values = recurrent.unroll(net, x, recurrent.empty_memory(net, 2), starts)
    (parameters[3:, 0].sum() + values[3:, 0].sum()).backward()
    assert (x.grad[:3] == 0).all()
    assert (x.grad[3:, 0] != 0).any()
    x.grad = None
    parameters, values = recurrent.unroll(net, x, recurrent.empty_memory(net, 2), starts)
    (parameters[3:, 1].sum() + values[3:, 1].sum()).backward()
    assert (x.grad[:3, 1] != 0).any()  # where no episode begins, the past counts


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_first_ratio_is_one(kind, tmp_path):
    """What the sequences say before any step is what acting said: memory, resets and order are the same."""
    from ppodoctor.training.train import train

    config = PPOConfig(total_steps=8 * 256, num_envs=8, rollout_steps=32, recurrent=kind, recurrent_size=8)
    run = train("CartPole-v1", config, out=tmp_path).run
    assert len(run.episodes) > 8
    assert np.abs(run.column("ratio_first")).max() < 1e-4
