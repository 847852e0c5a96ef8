"""Random network distillation: a reward for what has not been seen yet (Burda et al. 2018, sections 2.2 to 2.4).

A network learns to predict what another network, fixed at random, makes of an observation. Where few observations like
it were seen the prediction is bad, and its error is a reward. Left out of the paper: its second critic with
a discount of its own, so that novelty is valued within the episode; and its warm-up of the normaliser by random play.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppodoctor.config import PPOConfig
from ppodoctor.training.networks import Dense, Encoder
from ppodoctor.training.normalize import RunningMoments
from ppodoctor.training.rollout import Collector
from ppodoctor.training.spaces import VECTOR, Layout
from ppodoctor.training.trajectory import F32, Trajectory
from ppodoctor.training.tree import leaves, take, tree_map

FEATURES = 64
"""Numbers that are predicted."""
CUT = 5.0
"""Normalised observations are cut off here, as in the paper."""
ROWS = 1024
"""Samples of one step of the predictor."""


class Novelty:
    """An extra of the loop: adds `novelty_coefficient` times the scaled prediction error to every reward.

    Owns its two networks, its optimizer, its normalisers and its generator; changes nothing but the rewards that are
    learned from.
    """

    def __init__(self, config: PPOConfig, layout: Layout, collector: Collector) -> None:
        self.config, self.layout, self.collector = config, layout, collector
        collector.keep_finals = True
        self.rng = np.random.default_rng([config.seed, 3])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self.rng.integers(2**31)))
            self.target, self.predictor = (_network(layout) for _ in range(2))
        self.target.requires_grad_(requires_grad=False)
        self.optimizer = torch.optim.Adam(self.predictor.parameters(), lr=config.novelty_learning_rate)
        self.seen = RunningMoments(layout.vector) if layout.vector else None
        self.size = RunningMoments(1)
        """Of the discounted sum of errors, by whose deviation they are divided."""
        self.total = np.zeros(config.num_envs)
        """[N] that sum, never closed: what is new stays new behind an episode's end."""

    def reshape(self, trajectory: Trajectory) -> Trajectory:
        """The rollout with novelty in its rewards; then the predictor learns from it."""
        after = self._after(trajectory)
        if self.seen is not None:
            vector = after[VECTOR] if isinstance(after, dict) else after
            self.seen.update(vector.reshape(-1, vector.shape[-1]))
        flat = tree_map(lambda one: torch.as_tensor(one).reshape(-1, *one.shape[2:]), after)
        flat = self._normalised(flat)
        with torch.no_grad():
            wanted = self.target(flat)
            parts = wanted.split(ROWS)
            given = torch.cat([self.predictor(take(flat, slice(i * ROWS, (i + 1) * ROWS))) for i in range(len(parts))])
            error = (given - wanted).square().mean(dim=1).numpy().reshape(trajectory.reward.shape)
        novelty: F32 = np.where(trajectory.valid, self._scaled(error), np.float32(0))
        self._learn(flat, wanted, np.flatnonzero(trajectory.valid))
        reward: F32 = (trajectory.reward + self.config.novelty_coefficient * novelty).astype(np.float32)
        return replace(trajectory, reward=reward)

    def _after(self, trajectory: Trajectory) -> Any:
        """[T, N, ...] what each step led to: the next observation, or the last one of an episode that ended."""
        after = tree_map(
            lambda one, last: np.concatenate([one[1:], last[None]]), trajectory.observation, trajectory.last_observation
        )
        for row, final in self.collector.finals:
            ended = trajectory.ended[row]
            for kept, one in zip(leaves(after), leaves(final), strict=True):
                kept[row, ended] = one[ended]
        return after

    def _normalised(self, flat: Any) -> Any:
        if self.seen is None:
            return flat
        mean = torch.as_tensor(self.seen.mean, dtype=torch.float32)
        inverse = torch.as_tensor(1.0 / np.sqrt(self.seen.var + 1e-8), dtype=torch.float32)
        vector = flat[VECTOR] if isinstance(flat, dict) else flat
        scaled = ((vector - mean) * inverse).clamp(-CUT, CUT)
        return {**flat, VECTOR: scaled} if isinstance(flat, dict) else scaled

    def _scaled(self, error: F32) -> F32:
        """[T, N] errors over the running deviation of their discounted sums (section 2.4)."""
        for row in error:
            self.total = self.config.gamma * self.total + row
            self.size.update(self.total[:, None])
        return error / np.float32(math.sqrt(float(self.size.var[0]) + 1e-8))

    def _learn(self, flat: Any, wanted: Tensor, rows: NDArray[np.int64]) -> None:
        """One pass over the rollout's valid samples."""
        order = self.rng.permutation(rows)
        for part in np.array_split(order, max(1, len(order) // ROWS)):
            chosen = torch.as_tensor(part)
            loss = (self.predictor(take(flat, chosen)) - wanted[chosen]).square().mean()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()

    def state(self) -> dict[str, Any]:
        """Everything, to go on from later."""
        adam = self.optimizer.state_dict()["state"]
        return {
            "target": _arrays(self.target.state_dict()),
            "predictor": _arrays(self.predictor.state_dict()),
            "adam": {str(key): _arrays(one) for key, one in adam.items()},
            "rng": self.rng.bit_generator.state,
            "seen": None if self.seen is None else self.seen.state(),
            "size": self.size.state(),
            "total": self.total.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.target.load_state_dict(_tensors(state["target"]))
        self.predictor.load_state_dict(_tensors(state["predictor"]))
        groups = self.optimizer.state_dict()["param_groups"]
        adam = {int(key): _tensors(one) for key, one in state["adam"].items()}
        self.optimizer.load_state_dict({"state": adam, "param_groups": groups})
        self.rng.bit_generator.state = state["rng"]
        if self.seen is not None:
            self.seen.restore(state["seen"])
        self.size.restore(state["size"])
        self.total = np.array(state["total"])


def _network(layout: Layout) -> nn.Sequential:
    """From an observation to features; orthogonal, so that the fixed one tells observations apart."""
    encoder = Encoder(layout)
    network = nn.Sequential(encoder, Dense((encoder.size, 128, 128, FEATURES), relu=True))
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(module.weight, math.sqrt(2.0))
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return network


def _arrays(tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: value.detach().cpu().numpy().copy() for name, value in tensors.items()}


def _tensors(arrays: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    return {name: torch.as_tensor(value) for name, value in arrays.items()}
