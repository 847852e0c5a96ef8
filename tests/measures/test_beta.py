"""Beta policies: closed forms against torch, and the parts of a loss that is made with one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Beta
from watching import losses

from ppodoctor.measures import beta

A, B = np.array([[1.0, 1.3, 40.0], [0.3, 2.0, 900.0]]), np.array([[1.0, 7.0, 0.9], [0.2, 2.0, 3.0]])
BOTH = np.stack([A, B], axis=-1)
DRAWN = np.array([[0.5, 0.01, 0.98], [0.3, 0.5, 0.999]])
TORCHS = Beta(torch.tensor(A), torch.tensor(B))


def test_the_closed_forms_are_those_of_torch():
    mean, std = beta.mean_and_std(BOTH)
    np.testing.assert_allclose(mean, TORCHS.mean, rtol=1e-10)
    np.testing.assert_allclose(std, TORCHS.stddev, rtol=1e-10)
    np.testing.assert_allclose(beta.log_prob(BOTH, DRAWN), TORCHS.log_prob(torch.tensor(DRAWN)), atol=1e-9)
    np.testing.assert_allclose(beta.entropy(BOTH), TORCHS.entropy(), atol=1e-9)


@pytest.fixture(scope="module")
def read_losses():
    """What the reader says of a loss, by the way in which it is written."""
    torch.manual_seed(0)
    body, left, right = torch.nn.Linear(3, 8), torch.nn.Linear(8, 2), torch.nn.Linear(8, 2)
    obs, advantage = torch.randn(64, 3), torch.randn(64)

    def policy():
        hidden = torch.tanh(body(obs))
        return Beta(1 + torch.nn.functional.softplus(left(hidden)), 1 + torch.nn.functional.softplus(right(hidden)))

    with torch.no_grad():
        action = policy().sample()
        old = policy().log_prob(action).sum(-1)

    def read(ratio, bonus):
        dist = policy()
        r = ratio(dist.log_prob(action).sum(-1), old)
        surrogate = torch.min(r * advantage, r.clamp(0.8, 1.2) * advantage).mean()
        return losses.read(lambda _: bonus(-surrogate, dist), None)

    def right_ratio(new, old):
        return torch.exp(new - old)

    return {
        "right": read(right_ratio, lambda loss, dist: loss - 0.01 * dist.entropy().sum(-1).mean()),
        "sign flipped": read(right_ratio, lambda loss, dist: loss + 0.01 * dist.entropy().sum(-1).mean()),
        "bare": read(lambda new, old: new, lambda loss, dist: loss - 0.01 * dist.entropy().mean()),
        "action": action.numpy(),
    }


def test_the_distribution_is_read(read_losses):
    head = read_losses["right"].head
    assert head.kind == "beta"
    np.testing.assert_allclose(head.action, read_losses["action"], atol=1e-6)
    assert head.mean.shape == head.std.shape == (64, 2)


@pytest.mark.parametrize(("which", "coefficient"), [("right", -0.01), ("sign flipped", 0.01), ("bare", -0.01)])
def test_its_entropy_is_one_term_with_its_sign(read_losses, which, coefficient):
    terms = read_losses[which].terms
    (bonus,) = [term for term in terms if term.kind == "entropy"]
    assert bonus.coefficient == pytest.approx(coefficient)
    assert len(terms) == 2
    assert read_losses[which].entropy.form == "beta"


def test_its_log_probability_alone_is_no_difference_of_two(read_losses):
    assert read_losses["right"].surrogate.form == "exp_difference"
    assert read_losses["bare"].surrogate.form == "none"
