"""Learner for plain dense networks without torch: hand-written backward pass, no object per step, few numpy calls.

The update is `TorchLearner`'s to rounding (tests/training/test_dense_equals_torch.py draws the options).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.training.dense import DenseShape, Network, Parameters
from ppodoctor.training.dense_heads import FORBIDDEN, Judged, head_of
from ppodoctor.training.dense_loss import Adam, surrogate_slope, value_slope
from ppodoctor.training.learner import Learned, Minibatch, TrainingError, first_bad
from ppodoctor.training.losses import normalised
from ppodoctor.training.schedule import Rates
from ppodoctor.training.spaces import ActionFacts
from ppodoctor.training.telemetry import Telemetry
from ppodoctor.training.trajectory import Batch, Flags, Trajectory

F32 = NDArray[np.float32]
KL_MARGIN = 1.5
"""An update stops at this many times target_kl, as in Spinning Up and SB3."""


class DenseLearner:
    """Acts and learns with two dense networks."""

    name = "dense"

    def __init__(
        self, config: PPOConfig, inputs: int, action: ActionFacts, tensors: dict[str, Any], rng: np.random.Generator
    ) -> None:
        self.config, self.action, self.rng = config, action, rng
        self.shape = DenseShape.of(config, inputs, action)
        self.parameters, self.gradient = Parameters(self.shape), Parameters(self.shape)
        self.parameters.fill(tensors)
        self.head = head_of(action)
        self.adam = Adam(self.parameters.flat, config.adam_epsilon)
        rows = max(config.batch_size // config.minibatches, 1)
        self._acting = Network(self.shape, self.parameters, config.num_envs)
        self._training = Network(self.shape, self.parameters, rows)
        self._other: dict[int, Network] = {}
        self._noise: F32 = np.zeros(0, np.float32)
        self._step = 0

    @property
    def version(self) -> int:
        """Optimizer steps taken."""
        return self.adam.steps

    def begin(self, steps: int) -> None:
        """Draw the rollout's random numbers at once."""
        self._noise = self.head.noise(self.rng, (steps, self.shape.outputs, self.config.num_envs))
        self._step = 0

    def act(self, observation: F32, mask: Flags | None, starts: Flags) -> NDArray[Any]:
        """Draw actions [N, ...]; only the actor is asked, the rest is filled in by `finish`."""
        outputs = _allowed(self._acting.act(observation), mask)
        action = self.head.draw(outputs, self.parameters.log_std, self._noise[self._step])
        self._step += 1
        return action

    def values(self, observation: F32, rows: NDArray[np.int64]) -> F32:
        """The critic at observations [B, D]."""
        return self._network(len(observation)).value(observation).copy()

    def finish(self, trajectory: Trajectory) -> None:
        """Log-probabilities and values of the whole rollout, by a few large products instead of many small ones."""
        steps, count = trajectory.reward.shape
        x = trajectory.observation.reshape(steps * count, -1)
        action = trajectory.action.reshape(steps * count, *self.action.shape)
        mask = None if trajectory.mask is None else trajectory.mask.reshape(steps * count, -1)
        log_prob, value = trajectory.log_prob.reshape(-1), trajectory.value.reshape(-1)
        size = self._training.rows
        kept = None if trajectory.raw is None else np.empty((len(x), self.shape.outputs), np.float32)
        trajectory.outputs = None if kept is None else kept.reshape(steps, count, -1)
        for start in range(0, len(x), size):
            part = slice(start, min(start + size, len(x)))
            outputs, values = self._network(part.stop - start).forward(x[part])
            allowed = _allowed(outputs, None if mask is None else mask[part])
            log_prob[part] = self.head.judge(allowed, self.parameters.log_std, action[part]).log_prob
            value[part] = values
            if kept is not None:
                kept[part] = outputs.T
        trajectory.next_value[-1] = self._acting.value(trajectory.last_observation)

    def update(self, batch: Batch, rates: Rates, *, keep: bool = False) -> Learned:
        """Epochs of minibatches, until the divergence is too large."""
        config = self.config
        told = Telemetry(rates.clip_range)
        kept: list[Minibatch] = []
        if config.normalise_advantages == "batch":
            batch.advantage = normalised(batch.advantage)
        cuts = np.linspace(0, len(batch), config.minibatches + 1).astype(int)
        last = config.epochs * config.minibatches - 1
        for epoch in range(config.epochs):
            shuffled = _shuffle(batch, self.rng.permutation(len(batch)))
            for number in range(config.minibatches):
                index = epoch * config.minibatches + number
                part = {k: v[cuts[number] : cuts[number + 1]] for k, v in shuffled.items()}
                wanted = index in (0, last) or (keep and epoch == 0)
                stop = self._minibatch(part, rates, told, (index, wanted, keep and wanted), kept)
                if stop:
                    return Learned(told.finish(rates.learning_rate), told.kl, kept)
        return Learned(told.finish(rates.learning_rate), told.kl, kept)

    def _minibatch(
        self,
        part: dict[str, NDArray[Any]],
        rates: Rates,
        told: Telemetry,
        how: tuple[int, bool, bool],
        kept: list[Minibatch],
    ) -> bool:
        """One step of Adam; True when the divergence says to stop instead."""
        index, read, keep = how
        config, x = self.config, part["observation"]
        network = self._network(len(x))
        outputs, value = network.forward(x)
        judged = self.head.judge(_allowed(outputs, part.get("mask")), self.parameters.log_std, part["action"])
        log_ratio = judged.log_prob - part["log_prob"]
        ratio = np.exp(log_ratio)
        advantage = part["advantage"]
        if config.normalise_advantages == "minibatch":
            advantage = normalised(advantage)
        stop = self._too_far(log_ratio, ratio)
        if read or stop:
            arrays = self._arrays(part, judged, (ratio, advantage, value))
            told.read(arrays, most_entropy=self.action.most_entropy)
            if not index:
                told.add(*network.activity())
        if stop:
            return True
        d_log_prob = surrogate_slope(ratio, advantage, rates.clip_range)
        d_entropy = -rates.entropy_coefficient / len(x)
        d_outputs, d_log_std = self.head.backward(judged, d_log_prob, d_entropy)
        d_value = value_slope(value, part["target"], part["value"], config.value_coefficient, rates.clip_range_value)
        network.backward(x, d_outputs, d_value, self.gradient)
        if self.gradient.log_std is not None:
            self.gradient.log_std[...] = d_log_std
        facts = self._descend(rates.learning_rate, told, measure=read)
        if keep:
            arrays["outputs"] = outputs.T.copy()
            kept.append(Minibatch(index, self.adam.steps - 1, arrays, facts))
        return False

    def _descend(self, learning_rate: float, told: Telemetry, *, measure: bool) -> dict[str, Any]:
        """Clip the gradient's norm and take a step. Raises TrainingError when the gradient is not finite."""
        flat, limit = self.gradient.flat, self.config.max_grad_norm
        norm = math.sqrt(float(flat @ flat))
        if not math.isfinite(norm):
            raise TrainingError(self._diverged())
        told.add("grad_norm", norm)
        clipped = bool(limit) and norm > limit
        if clipped:
            flat *= np.float32(limit / (norm + 1e-6))
        told.add("grad_norm_after", limit if clipped else norm)
        self.adam.step(flat, learning_rate)
        told.steps += 1
        if measure:
            size = math.sqrt(float(self.parameters.flat @ self.parameters.flat))
            told.add("update_size", math.sqrt(float(flat @ flat)) / max(size, 1e-12))
        after = limit if clipped else norm
        return {"grad_norm": norm, "grad_norm_after": after, "clip_norm": limit or None}

    def _diverged(self) -> str:
        bad = first_bad(self.gradient.named)
        return (
            f"the gradient of {bad or 'the sum of all tensors'} is not finite after {self.adam.steps} optimizer steps. "
            "Look for NaN or huge numbers in observations and rewards; else lower learning_rate or set max_grad_norm."
        )

    def _too_far(self, log_ratio: F32, ratio: F32) -> bool:
        config = self.config
        if not config.target_kl or config.learning_rate_schedule == "kl_adaptive":
            return False
        return float((ratio - 1 - log_ratio).mean()) > KL_MARGIN * config.target_kl

    def _arrays(
        self, part: dict[str, NDArray[Any]], judged: Judged, made: tuple[F32, F32, F32]
    ) -> dict[str, NDArray[Any]]:
        ratio, advantage, value = made
        arrays = {
            "rows": part["rows"],
            "observation": part["observation"],
            "action": part["action"],
            "old_log_prob": part["log_prob"],
            "log_prob": judged.log_prob,
            "ratio": ratio,
            "advantage": advantage,
            "value": value.copy(),
            "old_value": part["value"],
            "target": part["target"],
            "entropy": self.head.entropy(judged),
        }
        if self.parameters.log_std is not None:
            arrays["log_std"] = self.parameters.log_std.copy()
        return arrays

    def _network(self, rows: int) -> Network:
        """Buffers for so many rows; sizes that come and go share those of the usual one."""
        if rows == self._training.rows:
            return self._training
        if rows == self._acting.rows:
            return self._acting
        if rows not in self._other:
            if len(self._other) > 8:
                self._other.clear()
            self._other[rows] = Network(self.shape, self.parameters, rows)
        return self._other[rows]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights by name."""
        return {name: value.copy() for name, value in self.parameters.named.items()}

    def state(self) -> dict[str, Any]:
        """Weights, Adam's moments and the generator."""
        return {
            "parameters": self.parameters.flat.copy(),
            "adam": {"first": self.adam.first.copy(), "second": self.adam.second.copy(), "steps": self.adam.steps},
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.parameters.flat[...] = state["parameters"]
        self.adam.first[...], self.adam.second[...] = state["adam"]["first"], state["adam"]["second"]
        self.adam.steps = int(state["adam"]["steps"])
        self.rng.bit_generator.state = state["rng"]


def _allowed(outputs: F32, mask: Flags | None) -> F32:
    """Outputs [A, B] with those of actions that are not allowed [B, A] at a value that no draw takes."""
    return outputs if mask is None else np.where(mask.T, outputs, FORBIDDEN)


def _shuffle(batch: Batch, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    found = {
        name: getattr(batch, name)[order]
        for name in ("observation", "action", "log_prob", "value", "advantage", "target", "rows")
    }
    if batch.mask is not None:
        found["mask"] = batch.mask[order]
    return found
