"""Multivariate normal policies are read as torch computes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal
from watching import losses

from ppodoctor.measures.policy_head import entropy_of, log_prob


def multivariate_trained(b: losses.Data) -> torch.Tensor:
    """The same with a spread that is trained, and a bonus for it."""
    dist = MultivariateNormal(torch.tanh(b.policy(b.obs)), torch.diag((2 * b.log_std).exp()))
    ratio = torch.exp(dist.log_prob(b.box) - b.old_box)
    surrogate = torch.min(ratio * b.advantage, torch.clamp(ratio, 0.8, 1.2) * b.advantage)
    return -surrogate.mean() - 0.02 * dist.entropy().mean()


def read(loss):
    batch = losses.data(3)
    return batch, losses.read(loss, batch)


@pytest.mark.parametrize("loss", [losses.multivariate, multivariate_trained])
def test_mean_spread_and_action(loss):
    batch, reading = read(loss)
    mean = batch.policy(batch.obs).detach()
    mean = torch.tanh(mean) if loss is multivariate_trained else mean
    assert reading.head.kind == "gaussian"
    assert reading.head.mean == pytest.approx(mean.numpy(), abs=1e-6)
    assert reading.head.action == pytest.approx(batch.box.numpy(), abs=1e-5)
    assert reading.head.std == pytest.approx(batch.log_std.detach().exp().numpy(), rel=1e-6)
    assert not reading.head.std_depends_on_state


def test_density_and_entropy_are_torchs():
    batch, reading = read(multivariate_trained)
    dist = MultivariateNormal(torch.tanh(batch.policy(batch.obs)), torch.diag((2 * batch.log_std).exp()))
    assert log_prob(reading.head).sum(-1) == pytest.approx(dist.log_prob(batch.box).detach().numpy(), abs=1e-4)
    assert entropy_of(reading.head).sum() == pytest.approx(float(dist.entropy()[0].detach()), rel=1e-5)
    (term,) = [t for t in reading.terms if t.kind == "entropy"]
    assert term.coefficient == pytest.approx(-0.02)
    assert reading.entropy.form == "gaussian"


def test_a_spread_for_each_state():
    def loss(b):
        scale = torch.diag_embed(b.policy(b.obs).exp())
        ratio = (MultivariateNormal(b.policy(b.obs), scale_tril=scale).log_prob(b.box) - b.old_box).exp()
        return -losses.clipped(ratio, b.advantage).mean()

    batch, reading = read(loss)
    assert reading.head.std == pytest.approx(batch.policy(batch.obs).exp().detach().numpy(), rel=1e-5)
    assert reading.head.action == pytest.approx(batch.box.numpy(), abs=1e-4)
    assert reading.head.std_depends_on_state


def test_components_that_are_correlated_have_no_spread_of_their_own():
    def loss(b):
        full = torch.eye(losses.ACTIONS) + 0.3
        ratio = (MultivariateNormal(b.policy(b.obs), full).log_prob(b.box) - b.old_box).exp()
        return -losses.clipped(ratio, b.advantage).mean()

    batch, reading = read(loss)
    assert reading.head.std is None
    assert np.allclose(reading.head.action, batch.box, atol=1e-5)
