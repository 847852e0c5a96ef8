"""Sequences that are filled up: what the mask takes out of the loss is in no measure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from watching import losses
from watching.losses import Data, clipped

ROWS, STEPS = 3, 4
REAL = torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])


def padded(b: Data, *, divided: bool = True) -> torch.Tensor:
    """Sequences [3, 4] whose filling has an advantage of 0 and an old log-probability of 0."""
    obs, index = b.obs.reshape(ROWS, STEPS, -1), b.index.reshape(ROWS, STEPS)
    dist = torch.distributions.Categorical(logits=b.policy(obs))
    old, advantage = b.old.reshape(ROWS, STEPS) * REAL, b.advantage.reshape(ROWS, STEPS) * REAL
    ratio = (dist.log_prob(index) - old).exp()
    policy = -clipped(ratio, advantage) - 0.01 * dist.entropy()
    error = (b.critic(obs).squeeze(-1) - b.target.reshape(ROWS, STEPS)) ** 2
    count = REAL.sum() if divided else 1.0
    return (policy * REAL).sum() / count + 0.5 * (error * REAL).sum() / count


@pytest.fixture
def batch():
    return losses.data(0)


def test_only_samples_that_count_are_read(batch):
    reading = losses.read(padded, batch)
    real = REAL.bool().reshape(-1)
    surrogate, value, head = reading.surrogate, reading.value, reading.head
    with torch.no_grad():
        ratio = (batch.dist().log_prob(batch.index) - batch.old).exp()[real]
    assert np.allclose(surrogate.ratio, ratio, rtol=1e-4)
    assert np.allclose(surrogate.advantage, batch.advantage[real])
    assert np.allclose(surrogate.log_prob_old, batch.old[real], atol=1e-5)
    assert np.array_equal(head.action, batch.index[real])
    assert np.allclose(value.target, batch.target[real], atol=1e-5)
    assert np.allclose(reading.policy_inputs, batch.obs[real])
    assert reading.batch == len(surrogate.ratio) == int(REAL.sum())
    assert any(seen is reading.policy_inputs for seen in reading.inputs.values()), "its layer is told by identity"


def test_a_sum_over_the_samples_that_count_by_their_number_is_a_mean(batch):
    terms = {term.kind: term for term in losses.read(padded, batch).terms}
    assert {kind: term.reduction for kind, term in terms.items()} == dict.fromkeys(
        ("surrogate", "entropy", "value"), "mean"
    )
    assert terms["surrogate"].coefficient == pytest.approx(-1.0)
    assert terms["entropy"].coefficient == pytest.approx(-0.01)
    assert terms["value"].coefficient == pytest.approx(0.5)
    assert terms["value"].elements == int(REAL.sum())


def test_a_plain_sum_stays_one(batch):
    reading = losses.read(lambda b: padded(b, divided=False), batch)
    assert {term.reduction for term in reading.terms} == {"sum"}
