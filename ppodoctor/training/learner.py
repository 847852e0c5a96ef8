"""The narrow door between the loop and whatever acts and learns: hand-written networks, torch, or a compiled core."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.schedule import Rates
from ppodoctor.training.trajectory import Batch, Flags, Trajectory


@dataclass
class Minibatch:
    """One minibatch as it was trained on, kept for a specimen: arrays [B], outputs of the networks before the step."""

    index: int
    """Number within the update, from 0."""
    version: int
    """Optimizer steps taken before it, over the whole run."""
    arrays: dict[str, NDArray[Any]]
    """rows, observation, action, old_log_prob, log_prob, ratio, advantage, value, old_value, target, outputs [B, A],
    entropy [B], and log_std [A] for a density."""
    facts: dict[str, Any] = field(default_factory=dict)
    """grad_norm, clip_norm, loss."""


@dataclass
class Learned:
    """What one update did."""

    columns: dict[str, Any]
    """Columns of UpdateRecord."""
    kl: float
    """approx_kl [nats] of the last minibatch."""
    minibatches: list[Minibatch] = field(default_factory=list)


class Learner(Protocol):
    """Acts and learns. Observations are as the network takes them; arrays are numpy, wherever the learner computes."""

    name: str
    """dense, torch or core; as the run folder says it."""

    @property
    def version(self) -> int:
        """Optimizer steps taken."""
        ...

    def begin(self, steps: int) -> None:
        """A rollout of so many steps begins."""
        ...

    def act(self, observation: Any, mask: Flags | None, starts: Flags) -> NDArray[Any]:
        """Draw actions [N, ...]. `starts` [N]: the episode begins here, so that a memory is emptied first."""
        ...

    def values(self, observation: Any, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The critic at final observations [len(rows), ...] of these environments, right after the action of `act`."""
        ...

    def finish(self, trajectory: Trajectory) -> None:
        """The rollout is over: fill in log_prob, value and the last row's next_value."""
        ...

    def update(self, batch: Batch, rates: Rates, *, keep: bool = False) -> Learned:
        """Train on a batch. With `keep`, minibatches are kept for specimens. Raises TrainingError on NaN."""
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Weights by name, as in policy.safetensors."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything that decides what comes next (weights, optimizer, generators): arrays and plain data."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        ...


class TrainingError(Exception):
    """Training cannot go on; says what was seen, where, and what to do."""


def first_bad(tensors: dict[str, NDArray[Any]]) -> str:
    """The name of the first tensor that holds NaN or an infinity, or nothing."""
    return next((name for name, value in tensors.items() if not np.isfinite(value).all()), "")
