"""Gradients and updates of the core equal torch autograd's and torch.optim.Adam's, for every option of the update."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference import Reference, made, random_batch

from ppodoctor.config import PPOConfig
from ppodoctor.core import Spec

WIDTHS = st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 63, 64, 65, 100]))


@st.composite
def problems(draw):
    """(config, spec, rates, rows, masks, seed)."""
    inputs = draw(st.sampled_from([1, 2, 3, 4, 7, 17, 40]))
    kind = draw(st.sampled_from(["discrete", "multi", "box"]))
    if kind == "box":
        spec = Spec(inputs, (), draw(st.integers(1, 6)))
    else:
        spec = Spec(
            inputs, tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=1 if kind == "discrete" else 4)))
        )
    config = PPOConfig(
        num_envs=10,
        rollout_steps=30,
        minibatches=1,
        hidden_sizes=tuple(draw(st.lists(WIDTHS, min_size=1, max_size=4))),
        activation=draw(st.sampled_from(["tanh", "relu"])),
        value_coefficient=draw(st.sampled_from([0.0, 0.5, 1.0])),
        max_grad_norm=draw(st.sampled_from([0.0, 0.5, 100.0])),
        adam_epsilon=draw(st.sampled_from([1e-5, 1e-8])),
        normalise_advantages=draw(st.sampled_from(["minibatch", "batch", "off"])),
    )
    rates = {
        "learning_rate": draw(st.sampled_from([1e-4, 3e-3])),
        "clip_range": draw(st.sampled_from([0.1, 0.2, 0.5])),
        "clip_range_value": draw(st.sampled_from([0.0, 0.2, 1.0])),
        "entropy_coefficient": draw(st.sampled_from([0.0, 0.01, 0.5])),
    }
    rows = draw(st.sampled_from([2, 3, 15, 16, 17, 64, 127, 128, 129, 200, 300]))
    return config, spec, rates, rows, draw(st.booleans()), draw(st.integers(0, 2**16))


def close(ours, theirs, share):
    """Within a share of the largest entry of all: rounding is of the sums, not of each small entry."""
    largest = max(1e-3, *(float(np.abs(value).max()) for value in theirs.values()))
    for name, value in theirs.items():
        assert np.abs(ours[name] - value).max() <= share * largest, name


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_the_gradient_is_autograds(instruction_set, problem):
    """Autograd in double precision, so that only the core's own rounding counts."""
    config, spec, rates, rows, masks, seed = problem
    if config.normalise_advantages == "batch":
        rows = 300  # batch statistics are of the whole rollout
    learner, tensors = made(config, spec, seed)
    batch = random_batch(learner, rows, seed, masks and not spec.dimensions)
    wanted, told = Reference(learner, tensors, rates, torch.float64).gradient(batch, slice(0, rows), slice(0, rows))
    if config.normalise_advantages == "batch":
        learner.core.measure_advantages()
    seen = learner.core.gradient(0, rows, rates)
    close(learner.core.tensors("gradient"), wanted, 3e-5)
    for name, value in told.items():
        assert seen[name] == pytest.approx(value, rel=1e-4, abs=2e-5), name


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems(), st.integers(1, 4))
def test_steps_are_adams(instruction_set, problem, steps):
    config, spec, rates, _, masks, seed = problem
    learner, tensors = made(config, spec, seed)
    batch = random_batch(learner, 300, seed, masks and not spec.dimensions)
    reference = Reference(learner, tensors, rates)
    if config.normalise_advantages == "batch":
        learner.core.measure_advantages()
    smallest = {name: np.full(value.shape, np.inf) for name, value in tensors.items()}
    for step in range(steps):
        rows = slice(step * 70, step * 70 + 70)
        wanted, _ = reference.gradient(batch, rows, slice(0, 300))
        largest = max(1e-12, *(float(np.abs(value).max()) for value in wanted.values()))
        smallest = {name: np.minimum(smallest[name], np.abs(value) / largest) for name, value in wanted.items()}
        reference.step()
        learner.core.gradient(rows.start, rows.stop, rates)
        learner.core.optimise(rates)
    after = learner.tensors()
    for name, parameter in reference.named.items():
        off = np.abs(after[name] - parameter.detach().numpy())
        moved = rates["learning_rate"] * steps
        # Adam divides by the gradient's own size: where that is next to 0, its rounding decides the direction
        assert off.max() <= 2.2 * moved, name
        assert np.all(off[smallest[name] > 1e-2] <= 0.01 * moved + 3e-7), name


def test_padding_stays_zero_and_a_step_moves_every_tensor():
    config = PPOConfig(num_envs=4, rollout_steps=32, hidden_sizes=(5, 19), learning_rate=1e-2)
    learner, tensors = made(config, Spec(3, (3,)), 1)
    random_batch(learner, 128, 2)
    rates = {"learning_rate": 1e-2, "clip_range": 0.2, "clip_range_value": 0.0, "entropy_coefficient": 0.0}
    for _ in range(20):
        learner.core.gradient(0, 128, rates)
        learner.core.optimise(rates)
    after = learner.tensors()
    assert all(np.abs(after[name] - value).max() > 1e-3 for name, value in tensors.items())
    fresh, _ = made(config, Spec(3, (3,)), 1)
    fresh.fill(after)  # what the named tensors hold is all there is
    x = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    assert np.array_equal(fresh.values(x), learner.values(x))
