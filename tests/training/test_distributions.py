"""Log-probabilities and entropies against torch's own distributions and against integrals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as reference

from ppodoctor.training.distributions import allowed, distribution_of, log_slope
from ppodoctor.training.spaces import ActionFacts

CATEGORICAL, MULTI = ActionFacts("categorical", (4,)), ActionFacts("multi_categorical", (2, 3))
BERNOULLI, GAUSSIAN = ActionFacts("bernoulli", (1, 1, 1)), ActionFacts("gaussian", (1, 1))
SQUASHED = ActionFacts("squashed", (1, 1))
seeds = st.integers(0, 2**31 - 1)


def drawn(facts, seed, rows=6):
    generator = torch.Generator().manual_seed(seed)
    parameters = torch.randn(rows, facts.parameters, generator=generator)
    return parameters, distribution_of(facts).draw(parameters, generator)


@settings(max_examples=25)
@given(seeds)
def test_categorical_is_torch_s(seed):
    parameters, action = drawn(CATEGORICAL, seed)
    ours, theirs = distribution_of(CATEGORICAL), reference.Categorical(logits=parameters)
    assert torch.allclose(ours.log_prob(parameters, action), theirs.log_prob(action), atol=1e-5)
    assert torch.allclose(ours.entropy(parameters), theirs.entropy(), atol=1e-5)


@settings(max_examples=25)
@given(seeds)
def test_several_choices_are_the_sum_of_each(seed):
    parameters, action = drawn(MULTI, seed)
    ours = distribution_of(MULTI)
    parts = [reference.Categorical(logits=parameters[:, :2]), reference.Categorical(logits=parameters[:, 2:])]
    assert torch.allclose(
        ours.log_prob(parameters, action), sum(p.log_prob(action[:, i]) for i, p in enumerate(parts)), atol=1e-5
    )
    assert torch.allclose(ours.entropy(parameters), sum(p.entropy() for p in parts), atol=1e-5)


@settings(max_examples=25)
@given(seeds)
def test_switches_are_torch_s(seed):
    parameters, action = drawn(BERNOULLI, seed)
    ours, theirs = distribution_of(BERNOULLI), reference.Bernoulli(logits=parameters)
    assert torch.allclose(ours.log_prob(parameters, action), theirs.log_prob(action.float()).sum(-1), atol=1e-5)
    assert torch.allclose(ours.entropy(parameters), theirs.entropy().sum(-1), atol=1e-5)


@settings(max_examples=25)
@given(seeds)
def test_gaussian_is_torch_s(seed):
    parameters, action = drawn(GAUSSIAN, seed)
    ours, theirs = distribution_of(GAUSSIAN), reference.Normal(parameters[:, :2], parameters[:, 2:].exp())
    assert torch.allclose(ours.log_prob(parameters, action), theirs.log_prob(action).sum(-1), atol=1e-4, rtol=1e-4)
    assert torch.allclose(ours.entropy(parameters), theirs.entropy().sum(-1), atol=1e-5)


@settings(max_examples=25)
@given(seeds)
def test_the_squashed_density_is_torch_s(seed):
    parameters, action = drawn(SQUASHED, seed)
    parameters, action = parameters.double() * 0.5, action.double() * 0.5
    normal = reference.Normal(parameters[:, :2], parameters[:, 2:].exp())
    theirs = reference.TransformedDistribution(normal, [reference.TanhTransform(cache_size=1)])
    ours = distribution_of(SQUASHED).log_prob(parameters, action)
    assert torch.allclose(ours, theirs.log_prob(torch.tanh(action)).sum(-1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("mean", [-2.0, 0.0, 0.7])
@pytest.mark.parametrize("log_std", [-2.0, -0.5, 0.3])
def test_the_squashed_density_and_entropy_are_integrals(mean, log_std):
    """The density over (-1, 1) sums to 1, and -p log p to the entropy that the quadrature gives."""
    u = np.linspace(-12, 12, 200_001)
    facts = ActionFacts("squashed", (1,))
    parameters = torch.tensor([[mean, log_std]])
    logs = distribution_of(facts).log_prob(parameters, torch.tensor(u, dtype=torch.float32)[:, None]).double().numpy()
    area = 1 - np.tanh(u) ** 2  # da = (1 - tanh(u)^2) du
    assert np.trapezoid(np.exp(logs) * area, u) == pytest.approx(1, abs=1e-3)
    entropy = -np.trapezoid(np.exp(logs) * logs * area, u)
    assert float(distribution_of(facts).entropy(parameters)) == pytest.approx(entropy, abs=5e-3)


def test_the_slope_of_tanh_keeps_its_digits():
    u = torch.tensor([-30.0, -3.0, 0.0, 3.0, 30.0])
    exact = np.log(4) - 2 * np.abs(u.double().numpy()) - 2 * np.log1p(np.exp(-2 * np.abs(u.double().numpy())))
    assert np.allclose(log_slope(u).numpy(), exact, atol=1e-5)


def test_what_is_not_allowed_has_no_probability_and_no_gradient():
    parameters = torch.randn(5, 4, requires_grad=True)
    mask = torch.tensor([True, False, True, False]).expand(5, 4)
    ours, masked = distribution_of(CATEGORICAL), allowed(parameters, mask)
    two = reference.Categorical(logits=parameters[:, [0, 2]])
    assert torch.allclose(ours.entropy(masked), two.entropy(), atol=1e-5)
    assert torch.allclose(ours.log_prob(masked, torch.full((5,), 2)), two.log_prob(torch.ones(5)), atol=1e-5)
    (ours.entropy(masked).sum() + ours.log_prob(masked, torch.full((5,), 2)).sum()).backward()
    assert (parameters.grad[:, [1, 3]] == 0).all()
    actions = ours.draw(masked.detach().repeat(1000, 1), torch.Generator().manual_seed(0))
    assert set(actions.tolist()) == {0, 2}


@pytest.mark.parametrize("facts", [CATEGORICAL, MULTI, BERNOULLI, GAUSSIAN, SQUASHED], ids=lambda f: f.kind)
def test_draws_have_the_entropy_that_is_claimed(facts):
    parameters = 0.6 * torch.randn(1, facts.parameters, generator=torch.Generator().manual_seed(4)).repeat(400_000, 1)
    ours = distribution_of(facts)
    action = ours.draw(parameters, torch.Generator().manual_seed(5))
    assert -float(ours.log_prob(parameters, action).mean()) == pytest.approx(
        float(ours.entropy(parameters)[0]), abs=0.03
    )
    best = ours.log_prob(parameters[:1], ours.mode(parameters[:1]))
    if not facts.continuous:
        assert (best + 1e-5 >= ours.log_prob(parameters, action)).all()
