"""A learner of the core: its arrays, its records, its state."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.core.fit import Spec, why_not
from ppodoctor.core.tasks import TASKS
from ppodoctor.records import EpisodeRecord, UpdateRecord

try:
    from ppodoctor.core import _core
    from ppodoctor.core._core import NotFinite as NotFinite
except ImportError:  # `why_not` says it in words

    class NotFinite(FloatingPointError):  # type: ignore[no-redef]
        """An observation, a reward or a gradient is NaN or infinite; says which."""


F32 = NDArray[np.float32]
WHOLE = ("rollout_steps", "episodes", "optimizer_steps", "backwards", "minibatch_size")
RATES = ("learning_rate", "clip_range", "clip_range_value", "entropy_coefficient")


class Learner:
    """Two dense networks with their rollout, advantages and updates, one training run.

    With environments outside: `start`, then `act` and `observe` for `rollout_steps` steps, then `update`. With native
    ones: `attach`, then `train`. Arrays are C-contiguous float32 (observations, rewards) and bool (flags); they are
    read where they lie. Raises NotFinite for a number that is none, RuntimeError without the compiled core.
    """

    name = "core"

    def __init__(self, config: PPOConfig, spec: Spec) -> None:
        if why_not():
            raise RuntimeError(why_not())
        self.config, self.spec = config, spec
        self.task = ""
        self.began = time.perf_counter()
        given = {**asdict(config), "updates": config.updates}
        relu = config.activation == "relu"
        self.core = _core.Learner(
            given, spec.inputs, list(spec.choices), spec.dimensions, list(config.hidden_sizes), relu
        )
        if spec.dimensions:
            self.core.bounds(list(spec.low), list(spec.high))
        size = spec.dimensions or len(spec.choices)
        one = len(spec.choices) == 1
        self._out: NDArray[Any] = np.zeros(
            config.num_envs if one else (config.num_envs, size), np.float32 if spec.dimensions else np.int64
        )

    # Environments outside.

    def start(self, observation: F32) -> None:
        """Begin rollouts from first observations [N, D]."""
        self.core.start(observation)

    def act(self, mask: NDArray[np.bool_] | None = None, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Draw actions for the observations at hand: [N] int64, [N, choices] int64 or [N, dimensions] float32.

        Args:
            mask: [N, options] True where an option is allowed; those of several choices side by side.
            out: Where to write them; an array of the learner's own, overwritten by the next call, without it.
        """
        into = self._out if out is None else out
        self.core.act(into, mask)
        return into

    def observe(
        self,
        observation: F32,
        reward: F32,
        ends: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        final_observation: F32 | None = None,
        valid: NDArray[np.bool_] | None = None,
    ) -> None:
        """What came of the actions.

        Args:
            observation: [N, D] what the next actions are chosen from: after an end, the next episode's first.
            reward: [N].
            ends: (terminated, truncated) [N]; a truncated episode is bootstrapped from its final observation.
            final_observation: [N, D], rows of truncated episodes; may be left out when there is none.
            valid: [N] False for rows that next-step auto-reset inserted; these are never trained on.
        """
        self.core.observe(observation, reward, *ends, valid, final_observation)

    def update(self) -> None:
        """Advantages and epochs of minibatches over a full rollout."""
        self.core.update()

    # Environments inside.

    def attach(self, task: str) -> None:
        """Step this classic-control task natively from now on; one of TASKS."""
        if task not in TASKS:
            raise ValueError(f"the core steps {', '.join(TASKS)} itself, not {task}")
        if TASKS[task].spec != self.spec:
            raise ValueError(f"this learner was not made for {task}; use Spec of TASKS[{task!r}].spec")
        self.core.attach(task)
        self.task = task

    def train(self, updates: int, *, since: int = -1) -> None:
        """So many rollouts and updates on the attached task. Ctrl-C leaves the weights of the last whole update.

        `since` is what `cancellations` was when nobody wanted it to stop: a `cancel` after that ends it, also one that
        came before this call.
        """
        train_together([self], updates, since=since)

    def train_native(self, task: str, updates: int) -> None:
        """`attach` where that is not done yet, and `train`."""
        if self.task != task:
            self.attach(task)
        self.train(updates)

    def predict(
        self, observation: F32, *, deterministic: bool = True, mask: NDArray[np.bool_] | None = None
    ) -> NDArray[Any]:
        """Actions [B, ...] for observations [B, D], normaliser standing still; the rollout is left alone."""
        actions = self.core.predict(observation, deterministic, mask)
        return actions[:, 0] if len(self.spec.choices) == 1 else actions

    def outputs(self, observation: F32) -> F32:
        """The actor's logits or means [B, A] at observations [B, D]."""
        return self.core.evaluate(observation)[0]

    def values(self, observation: F32) -> F32:
        """The critic [B] at observations [B, D]."""
        return self.core.evaluate(observation)[1]

    # What happened.

    def records(self) -> list[UpdateRecord]:
        """The updates since the last call."""
        rows = self.core.telemetry()
        first = self.core.updates_done - len(rows) + 1
        wall = time.perf_counter() - self.began
        found = []
        for number, row in enumerate(rows.tolist(), first):
            columns: dict[str, Any] = {k: v for k, v in zip(_core.COLUMNS, row, strict=True) if not math.isnan(v)}
            columns.update({name: int(columns[name]) for name in ("step", *WHOLE)})
            found.append(UpdateRecord(update=number, wall=wall, **columns))
        return found

    def lines(self, begin: float, end: float) -> tuple[str, str]:
        """The rows of both, since the last call of those, as the JSON lines of a run folder: (updates, episodes).

        Nothing is taken away. Updates lie evenly between `begin` and `end` [s].
        """
        return self.core.lines(begin, end)

    def episodes(self) -> list[EpisodeRecord]:
        """The episodes that ended since the last call."""
        return [
            EpisodeRecord(int(step), 0, int(env), ret, ret, int(length), bool(dead), bool(cut), int(update))
            for step, env, update, ret, length, dead, cut in self.core.episodes().tolist()
        ]

    # What is kept.

    def tensors(self) -> dict[str, F32]:
        """Weights by name, as policy.safetensors holds them, with the normalisers' moments where there are any."""
        found: dict[str, F32] = self.core.tensors("parameters")
        state = self.core.state()
        if self.config.normalise_observations:
            parts = zip(("mean", "var", "count"), state["observation"], strict=True)
            found.update({f"observation.{name}": np.asarray(value, np.float32) for name, value in parts})
        if self.config.normalise_rewards:
            found["reward.var"] = np.asarray(state["reward"][1], np.float32)
            found["reward.count"] = np.asarray(state["reward"][2], np.float32)
        return found

    def fill(self, tensors: dict[str, F32]) -> None:
        """Take over weights by name. Raises ValueError for one that is missing or of another shape."""
        self.core.fill("parameters", {k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()})

    def state(self) -> dict[str, Any]:
        """Everything that decides what comes next: arrays and plain data."""
        kept = {which: self.core.tensors(which) for which in ("parameters", "first", "second")}
        return {**kept, "rest": self.core.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave, between two updates; native environments have to be attached before."""
        for which in ("parameters", "first", "second"):
            self.core.fill(which, state[which])
        self.core.restore(state["rest"])


def cancel() -> None:
    """Make what trains now return, as after its last whole update and without an exception; for signal handlers."""
    if not why_not():
        _core.cancel()


def cancellations() -> int:
    """How often `cancel` was called; see `Learner.train`."""
    return 0 if why_not() else _core.cancellations()


def train_together(learners: Sequence[Learner], updates: int, threads: int = 1, *, since: int = -1) -> None:
    """So many rollouts and updates of every learner, side by side on threads, the interpreter lock released.

    Results do not depend on the number of threads. Raises KeyboardInterrupt within a moment of Ctrl-C, with every
    learner as it was after its last whole update.
    """
    for learner in learners:
        if not learner.task:
            raise ValueError("a learner without a native task cannot train by itself; call `attach` first")
    _core.advance([learner.core for learner in learners], updates, max(threads, 1), since)
