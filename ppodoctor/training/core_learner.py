"""Learner that hands everything to the compiled core; the environments stay in Python.

The core draws, judges and updates in its own arrays. Normalisers, advantages and schedules are the loop's, as for every
learner, so that what comes of them does not depend on who learns (tests/training/test_core_backend.py).
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.core import Learner as Core
from ppodoctor.core import NotFinite, Spec
from ppodoctor.training.dense_heads import FORBIDDEN, head_of
from ppodoctor.training.learner import Learned, Minibatch, TrainingError
from ppodoctor.training.losses import normalised
from ppodoctor.training.schedule import Rates
from ppodoctor.training.spaces import ActionFacts
from ppodoctor.training.trajectory import Batch, Flags, Trajectory

F32 = NDArray[np.float32]
WHOLE = ("rollout_steps", "episodes", "optimizer_steps", "backwards", "minibatch_size")
OF_THE_ROLLOUT = ("step", "rollout_steps", "episode_return", "episode_length", "episodes", "reward_mean", "reward_std",
                  "reward_abs_max", "reward_zero_share", "action_mode_share", "action_bound_share")  # fmt: skip
"""Columns that the run folder's writer measures itself."""


def learner_outside(config: PPOConfig, inputs: int, action: ActionFacts, tensors: dict[str, Any]) -> CoreLearner:
    """A learner for environments outside of the core, which does not do twice what the loop does already."""
    spec = Spec(inputs, (), len(action.sizes)) if action.continuous else Spec(inputs, action.sizes)
    batch = config.normalise_advantages == "batch"
    own = replace(
        config,
        normalise_observations=False,
        normalise_rewards=False,
        normalise_advantages="off" if batch else config.normalise_advantages,
        n_step=0,
        advantage_smoothing=1,
    )
    whole = Core(own, spec)
    whole.fill(tensors)
    return CoreLearner(config, whole, action)


class CoreLearner:
    """Acts and learns with two dense networks in the compiled core."""

    name = "core"

    def __init__(self, config: PPOConfig, whole: Core, action: ActionFacts) -> None:
        self.config, self.action, self.whole = config, action, whole
        self.head = head_of(action)
        self.core = whole.core
        self._views = self.core.views()
        self._actions: NDArray[Any] = np.zeros((config.num_envs, *action.shape), action.dtype)
        self._every = np.arange(config.batch_size)

    @property
    def version(self) -> int:
        """Optimizer steps taken."""
        return int(self.core.optimizer_steps)

    def begin(self, steps: int) -> None:
        """A rollout begins; draws are numbered by update, step and environment."""
        self.core.at = 0

    def act(self, observation: F32, mask: Flags | None, starts: Flags) -> NDArray[Any]:
        """Draw actions [N, ...]."""
        self._views["current"][...] = observation
        self.core.act(self._actions, mask)
        self.core.at += 1
        return self._actions.copy()

    def values(self, observation: F32, rows: NDArray[np.int64]) -> F32:
        """The critic at observations [B, D]."""
        return self.whole.values(np.ascontiguousarray(observation, np.float32))

    def finish(self, trajectory: Trajectory) -> None:
        """Log-probabilities as they were drawn; values of the whole rollout at once."""
        self._views["current"][...] = trajectory.last_observation
        self.core.advantages()
        trajectory.log_prob[...] = self._views["log_prob"]
        trajectory.value[...] = self._views["value"]
        trajectory.next_value[-1] = self._views["next_value"][-1]
        if trajectory.raw is not None:
            steps, count = trajectory.reward.shape
            rows = trajectory.observation.reshape(steps * count, -1)
            trajectory.outputs = self.whole.outputs(rows).reshape(steps, count, -1)

    def update(self, batch: Batch, rates: Rates, *, keep: bool = False) -> Learned:
        """Epochs of minibatches, until the divergence is too large."""
        if self.config.normalise_advantages == "batch":
            batch.advantage = normalised(batch.advantage)
        self._take(batch)
        self.core.keep = keep
        try:
            self.core.train(asdict(rates))
        except NotFinite as error:
            raise TrainingError(str(error)) from None
        finally:
            self.core.keep = False
        return self.learned(batch, keep=keep, without=OF_THE_ROLLOUT, learning_rate=rates.learning_rate)

    def learned(self, batch: Batch, *, keep: bool, without: tuple[str, ...], **better: float) -> Learned:
        """What the last update did; some columns are somebody else's to tell, some are known better than float32."""
        columns = {name: value for name, value in self._columns().items() if name not in without} | better
        return Learned(columns, columns.get("approx_kl", math.nan), self._kept(batch) if keep else [])

    def _take(self, batch: Batch) -> None:
        """Write a batch to where the core trains from; rows that it does not hold are left out."""
        views = self.core.views(True) if batch.mask is not None else self._views
        whole = np.array_equal(batch.rows, self._every)
        where: Any = slice(None) if whole else batch.rows
        for name in ("observation", "action", "log_prob", "value", "advantage", "target", "mask"):
            given = getattr(batch, name)
            if given is not None:
                into = views[name].reshape(len(self._every), *views[name].shape[2:])
                into[where] = given.reshape(len(batch), *into.shape[1:])
        valid = views["valid"].reshape(-1)
        valid[...] = whole
        valid[where] = True

    def _columns(self) -> dict[str, Any]:
        """The columns of the update that was just made."""
        from ppodoctor.core._core import COLUMNS

        row = dict(zip(COLUMNS, self.core.telemetry()[-1].tolist(), strict=True))
        found = {name: value for name, value in row.items() if not math.isnan(value)}
        return {name: int(value) if name in WHOLE else value for name, value in found.items()}

    def _kept(self, batch: Batch) -> list[Minibatch]:
        """The minibatches that the core kept, but not one that the divergence kept from its step."""
        place = np.zeros(len(self._every), np.int64)
        place[batch.rows] = np.arange(len(batch))
        limit = self.config.max_grad_norm
        found = []
        for index, version, norm, rows, *asked in self.core.kept():
            if version < self.version:
                facts = {"grad_norm": norm, "grad_norm_after": min(norm, limit) if limit else norm}
                arrays = self._arrays(batch, place[rows], asked)
                found.append(Minibatch(index, version, arrays, {**facts, "clip_norm": limit or None}))
        return found

    def _arrays(self, batch: Batch, at: NDArray[np.int64], asked: list[F32]) -> dict[str, NDArray[Any]]:
        """One minibatch from what the networks said: outputs [B, A], values [B], log_std [A]."""
        outputs, value, log_std = asked
        given = outputs.T if batch.mask is None else np.where(batch.mask[at].T, outputs.T, FORBIDDEN)
        action, advantage = batch.action[at], batch.advantage[at]
        judged = self.head.judge(given, log_std if self.action.continuous else None, action)
        if self.config.normalise_advantages == "minibatch":
            advantage = normalised(advantage)
        arrays = {
            "rows": batch.rows[at],
            "observation": batch.observation[at],
            "action": action,
            "old_log_prob": batch.log_prob[at],
            "log_prob": judged.log_prob,
            "ratio": np.exp(judged.log_prob - batch.log_prob[at]),
            "advantage": advantage,
            "value": value,
            "old_value": batch.value[at],
            "target": batch.target[at],
            "entropy": self.head.entropy(judged),
            "outputs": outputs,
        }
        return {**arrays, "log_std": log_std} if self.action.continuous else arrays

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights by name."""
        return dict(self.core.tensors("parameters"))

    def fill(self, tensors: dict[str, Any]) -> None:
        """Take over weights by name. Raises ValueError for one that is missing or of another shape."""
        self.whole.fill(tensors)

    def state(self) -> dict[str, Any]:
        """Weights, Adam's moments and how far the draws are."""
        return self.whole.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.whole.restore(state)
