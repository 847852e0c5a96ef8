"""The hand-written backward pass against autograd: options drawn at random, equal to float32 rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_configs import configs
from games import assert_one_update_alike, batch_for, pair, rates, same
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from ppodoctor.config import PPOConfig

ACTIONS = {
    "discrete": spaces.Discrete(3),
    "two": spaces.Discrete(2),
    "multi": spaces.MultiDiscrete([2, 3, 4]),
    "binary": spaces.MultiBinary(3),
    "box": spaces.Box(-1, 1, (2,), np.float32),
}


@settings(max_examples=120, deadline=None)
@given(configs(), st.sampled_from(sorted(ACTIONS)), st.booleans(), st.sampled_from([48, 45]))
def test_one_update_is_the_reference_s(config, name, masks, rows):
    action = ACTIONS[name]
    fast, slow = pair(config, action)
    masks = masks and name in ("discrete", "two", "multi")
    rng = np.random.default_rng(config.seed)
    batch = batch_for(fast, action, rows, rng, masks=masks)
    fast.rng, slow.rng = np.random.default_rng(7), np.random.default_rng(7)
    before = fast.tensors()
    ours, theirs = fast.update(same(batch), rates(config)), slow.update(same(batch), rates(config))
    apart = {"update_size", "dead_share", "saturated_share"}  # told by the hand-written learner alone
    assert_one_update_alike((fast, slow), (ours, theirs), before, config.learning_rate, apart=apart)


@settings(max_examples=60, deadline=None)
@given(configs(), st.sampled_from(sorted(ACTIONS)), st.booleans())
def test_the_gradient_is_autograd_s(config, name, masks):
    """One minibatch, without Adam in between: held to a few units in the last place of the largest entry."""
    action = ACTIONS[name]
    fast, slow = pair(config, action)
    batch = batch_for(
        fast, action, 40, np.random.default_rng(config.seed), masks=masks and name in ("discrete", "two", "multi")
    )
    seen = {}
    fast.adam.step = lambda gradient, rate: seen.setdefault("flat", gradient.copy())
    object.__setattr__(config, "epochs", 1)
    object.__setattr__(config, "minibatches", 1)
    object.__setattr__(config, "target_kl", 0.0)
    object.__setattr__(config, "max_grad_norm", 0.0)
    fast.rng = np.random.default_rng(7)
    fast.update(same(batch), rates(config))
    slow.rng = np.random.default_rng(7)
    samples = next(slow._minibatches(same_normalised(batch, config)))
    slow._loss(samples, rates(config)).total.backward()
    ours = {}
    start = 0
    for key, value in fast.parameters.named.items():
        ours[key] = seen["flat"][start : start + value.size].reshape(value.shape)
        start += value.size
    largest = max(1e-3, max(float(p.grad.abs().max()) for p in slow.network.parameters() if p.grad is not None))
    for key, parameter in slow.network.named_parameters():
        grad = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.numpy()
        assert np.abs(ours[key] - grad).max() <= 2e-5 * largest, key


def same_normalised(batch, config):
    from ppodoctor.training.losses import normalised

    made = same(batch)
    if config.normalise_advantages == "batch":
        made.advantage = normalised(made.advantage)
    return made


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_distributions_agree(name):
    """Log-probability, entropy and mode; torch's and the closed form."""
    config = PPOConfig(num_envs=4, rollout_steps=12, hidden_sizes=(5,), log_std_init=-0.4)
    action = ACTIONS[name]
    fast, slow = pair(config, action)
    batch = batch_for(fast, action, 30, np.random.default_rng(3))
    outputs, value = fast._network(30).forward(batch.observation)
    judged = fast.head.judge(outputs, fast.parameters.log_std, batch.action)
    with torch.no_grad():
        parameters, reference = slow.network(torch.from_numpy(batch.observation))
        taken = torch.from_numpy(batch.action)
        assert np.allclose(judged.log_prob, slow.distribution.log_prob(parameters, taken).numpy(), atol=1e-5)
        assert np.allclose(fast.head.entropy(judged), slow.distribution.entropy(parameters).numpy(), atol=1e-5)
        assert np.allclose(fast.head.mode(outputs), slow.distribution.mode(parameters).numpy(), atol=1e-5)
        assert np.allclose(value, reference.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_draws_follow_the_distribution(name):
    """Frequencies of 20,000 draws from one state, both samplers: the mean of exp(log p) agrees with theory."""
    config = PPOConfig(num_envs=4, rollout_steps=12, hidden_sizes=(5,), log_std_init=-0.4)
    action = ACTIONS[name]
    fast, slow = pair(config, action)
    count = 20_000
    x = np.repeat(np.array([[0.5, -1.0, 2.0]], np.float32), count, axis=0)
    outputs, _ = fast._network(count).forward(x)
    drawn = fast.head.draw(outputs, fast.parameters.log_std, fast.head.noise(np.random.default_rng(0), outputs.shape))
    judged = fast.head.judge(outputs, fast.parameters.log_std, np.asarray(drawn))
    entropy = float(fast.head.entropy(judged)[0])
    # the mean of -log p over draws from p is the entropy
    assert -judged.log_prob.mean() == pytest.approx(entropy, abs=0.05)
    with torch.no_grad():
        parameters, _ = slow.network(torch.from_numpy(x))
        theirs = slow.distribution.draw(parameters, torch.Generator().manual_seed(0))
        assert -float(slow.distribution.log_prob(parameters, theirs).mean()) == pytest.approx(entropy, abs=0.05)
