"""Batches drawn at random, for holding learners against each other."""

from __future__ import annotations

import copy
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from ppodoctor.config import PPOConfig
from ppodoctor.core import available
from ppodoctor.training.schedule import Rates
from ppodoctor.training.setup import Parts, make_learner
from ppodoctor.training.spaces import action_facts, layout_of
from ppodoctor.training.trajectory import Batch

LEARNERS = ("core", "dense", "torch") if available() else ("dense", "torch")


class Spaces:
    """As much of an environment as a learner needs."""

    def __init__(self, action, size=3):
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.action_space = action


def pair(config: PPOConfig, action, *, size: int = 3):
    """The hand-written learner and the reference, with equal weights that are not those of the start."""
    envs = Spaces(action, size)
    parts = Parts(action_facts(action), layout_of(envs.observation_space))
    fast, slow = (make_learner(config, envs, parts, actor_critic=None, by=by) for by in ("dense", "torch"))
    assert (fast.name, slow.name) == ("dense", "torch")
    rng = np.random.default_rng(config.seed)
    weights = {k: v + 0.3 * rng.standard_normal(v.shape).astype(np.float32) for k, v in fast.tensors().items()}
    load(fast, weights)
    load(slow, weights)
    return fast, slow


def load(learner, weights):
    if learner.name == "dense":
        learner.parameters.fill(weights)
    elif learner.name == "core":
        learner.fill(weights)
    else:
        import torch

        learner.network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights.items()})


def batch_for(learner, action, rows: int, rng: np.random.Generator, *, masks: bool = False, size: int = 3) -> Batch:
    """Samples whose old log-probabilities are near the learner's own, so that ratios lie on both sides of the clip."""
    facts = action_facts(action)
    x = rng.standard_normal((rows, size)).astype(np.float32)
    mask = None
    if masks:
        mask = rng.random((rows, facts.outputs)) < 0.6
        for end, width in zip(np.cumsum(facts.sizes), facts.sizes, strict=True):
            mask[np.arange(rows), end - width + rng.integers(width, size=rows)] = True
    outputs, value = learner._network(rows).forward(x)
    outputs = outputs.copy() if mask is None else np.where(mask.T, outputs, -1e8).astype(np.float32)
    noise = learner.head.noise(rng, outputs.shape)
    actions = np.asarray(learner.head.draw(outputs, learner.parameters.log_std, noise)).astype(facts.dtype)
    log_prob = learner.head.judge(outputs, learner.parameters.log_std, actions).log_prob
    return Batch(
        observation=x,
        action=actions,
        log_prob=(log_prob + 0.3 * rng.standard_normal(rows)).astype(np.float32),
        value=(value + 0.5 * rng.standard_normal(rows)).astype(np.float32),
        advantage=(2 * rng.standard_normal(rows) + 0.5).astype(np.float32),
        target=(3 * rng.standard_normal(rows)).astype(np.float32),
        mask=mask,
        rows=np.arange(rows),
    )


def same(batch: Batch) -> Batch:
    return copy.deepcopy(batch)


def assert_one_update_alike(learners, updates, before, rate, *, apart):
    """Two learners made the same of one batch; the columns `apart` are told by one of them alone."""
    (fast, slow), (ours, theirs) = learners, updates
    assert fast.version == slow.version
    assert ours.columns.keys() ^ theirs.columns.keys() <= apart
    for column in ours.columns.keys() & theirs.columns.keys():
        assert ours.columns[column] == pytest.approx(theirs.columns[column], rel=2e-3, abs=2e-4), column
    weights, reference = fast.tensors(), slow.tensors()
    assert weights.keys() == reference.keys()
    moved = rate * max(fast.version, 1)
    for key, value in reference.items():
        # Adam divides by the gradient's own size, so that rounding counts where a gradient is next to 0
        assert np.abs(weights[key] - value).max() <= 0.02 * moved + 1e-6, key
    if fast.version:
        assert any(not np.array_equal(weights[key], before[key]) for key in before)


def rates(config: PPOConfig, **changes) -> Rates:
    return replace(
        Rates(config.learning_rate, config.clip_range, config.clip_range_value, config.entropy_coefficient), **changes
    )
