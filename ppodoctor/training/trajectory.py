"""What a rollout leaves behind, and what an update takes: arrays with named leading axes, kinds of endings apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.training.advantage import endings, gae, n_step, smooth
from ppodoctor.training.tree import tree_map

F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass
class Raw:
    """The steps as the environment saw them, kept for specimens only."""

    observation: Any
    """[T, N, ...] tree: what the action was chosen on, before any normaliser."""
    reward: F32
    """[T, N] before any normaliser."""
    sent: NDArray[Any]
    """[T, N, ...] actions as given to the environments."""
    seen_final: Any
    """[T, N, ...] tree: final observations as the network takes them, only where an episode ended."""


@dataclass
class Trajectory:
    """T steps of N environments."""

    observation: Any
    """[T, N, ...] as the network takes it: normalised and packed."""
    action: NDArray[Any]
    """[T, N, ...] as drawn."""
    log_prob: F32
    value: F32
    next_value: F32
    """[T, N] the critic at the true successor; meaningless after a true end."""
    reward: F32
    """[T, N] as it is learned from: scaled where that is asked for."""
    terminated: Flags
    truncated: Flags
    """[T, N] cut off and not terminated."""
    valid: Flags
    """[T, N] False for rows that next-step auto-reset inserted."""
    starts: Flags
    """[T, N] the observation is the first one of an episode."""
    mask: Flags | None = None
    """[T, N, A] actions that were allowed."""
    last_observation: Any = None
    """[N, ...] what the next rollout begins with, as the network takes it."""
    last_starts: Flags | None = None
    memory: Any = None
    """A recurrent policy's state before the first row."""
    raw: Raw | None = None
    outputs: F32 | None = None
    """[T, N, A] of the actor, where `raw` is kept and the learner has them."""

    @property
    def ended(self) -> Flags:
        """[T, N] rows after which another episode begins."""
        return self.terminated | self.truncated


@dataclass
class Batch:
    """The samples of one update, [B] in the order of the rollout (time first), reset rows left out."""

    observation: Any
    action: NDArray[Any]
    log_prob: F32
    value: F32
    advantage: F32
    target: F32
    """[B] what the critic should have said: advantage + value."""
    mask: Flags | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """[B] place of each sample in the rollout, t * N + n."""
    sequences: Trajectory | None = None
    """The rollout itself, for a policy that trains on whole sequences."""

    def __len__(self) -> int:
        return len(self.log_prob)


def advantages(trajectory: Trajectory, config: PPOConfig) -> tuple[F32, F32]:
    """(advantage, target) [T, N]: GAE or n steps; target = advantage + value; then the advantage alone is smoothed."""
    given = trajectory.reward, trajectory.value, trajectory.next_value
    discount, carry = endings(
        trajectory.terminated, trajectory.ended, config.gamma, 1.0 if config.n_step else config.gae_lambda
    )
    estimate = n_step(*given, (discount, carry), config.n_step) if config.n_step else gae(*given, discount, carry)
    target = estimate + trajectory.value
    if config.advantage_smoothing > 1:
        estimate = smooth(estimate, trajectory.ended | ~trajectory.valid, config.advantage_smoothing)
    return estimate.astype(np.float32), target.astype(np.float32)


def flatten(trajectory: Trajectory, advantage: F32, target: F32) -> Batch:
    """Every sample that may be trained on."""
    rows = np.flatnonzero(trajectory.valid)

    def flat(array: NDArray[Any]) -> NDArray[Any]:
        whole = array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])
        return whole if len(rows) == len(whole) else whole[rows]

    return Batch(
        observation=tree_map(flat, trajectory.observation),
        action=flat(trajectory.action),
        log_prob=flat(trajectory.log_prob),
        value=flat(trajectory.value),
        advantage=flat(advantage),
        target=flat(target),
        mask=None if trajectory.mask is None else flat(trajectory.mask),
        rows=rows,
        sequences=trajectory,
    )
