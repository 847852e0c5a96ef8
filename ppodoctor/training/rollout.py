"""Collect trajectories: the policy acts, the environments step, every ending is kept for what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs.api import Envs, Finished, Step
from ppodoctor.training.learner import Learner, TrainingError
from ppodoctor.training.normalize import ObservationScale, RewardScale
from ppodoctor.training.spaces import VECTOR, ActionFacts, Layout
from ppodoctor.training.trajectory import F32, Flags, Raw, Trajectory
from ppodoctor.training.tree import leaves, take, tree_map


@dataclass
class Eyes:
    """From an environment's observation to what the network takes: packed by the layout, then normalised."""

    layout: Layout | None
    """None where the network is the user's own and takes observations as they are."""
    scale: ObservationScale | None

    def __call__(self, observation: Any, *, learn: bool = False) -> Any:
        """Observations [N, ...]. With `learn` they move the normaliser first."""
        packed = observation if self.layout is None else self.layout.pack(observation)
        if self.scale is None:
            return packed
        vector = packed[VECTOR] if isinstance(packed, dict) else packed
        if learn:
            self.scale.learn(vector)
        scaled = self.scale(vector)
        return {**packed, VECTOR: scaled} if isinstance(packed, dict) else scaled


@dataclass
class Ended:
    """An episode that finished during a rollout, and at which of its rows."""

    row: int
    episode: Finished


@dataclass
class Finals:
    """Values of the observations at which episodes were cut."""

    row: int
    envs: NDArray[np.int64]
    values: F32


@dataclass
class _Now:
    """Where the environments stand."""

    observation: Any
    seen: Any
    """The observation as the network takes it."""
    mask: Flags | None
    starts: Flags


@dataclass
class Collector:
    """Steps N environments with one learner, rollout after rollout."""

    envs: Envs
    learner: Learner
    config: PPOConfig
    action: ActionFacts
    eyes: Eyes
    rewards: RewardScale | None = None
    episodes: list[Ended] = field(default_factory=list)
    """Finished during the last rollout."""
    keep_finals: bool = False
    finals: list[tuple[int, Any]] = field(default_factory=list)
    """With `keep_finals`: rows at which episodes ended, and final observations [N, ...] as the network takes them."""
    _now: _Now | None = None
    kept: Trajectory | None = None
    """The last rollout, or the one that goes on; its arrays are overwritten by the next."""

    def reset(self, seed: int | None) -> None:
        """Begin new episodes everywhere."""
        observation, mask = self.envs.reset(seed)
        seen = self.eyes(observation, learn=True)
        self._now = _Now(observation, seen, mask, np.ones(self.envs.num_envs, np.bool_))

    def collect(self, *, raw: bool = False) -> Trajectory:
        """The next rollout. Its arrays are overwritten by the one after. With `raw`, the steps as they were."""
        assert self._now is not None, "reset comes first"
        self.episodes, self.finals = [], []
        trajectory = self._prepare(raw)
        finals: list[Finals] = []
        self.learner.begin(self.config.rollout_steps)
        for t in range(self.config.rollout_steps):
            now = self._now
            action = self.learner.act(now.seen, now.mask, now.starts)
            _store(trajectory, t, now, action)
            sent = np.tanh(action) if self.action.kind == "squashed" else action
            step = self.envs.step(sent)
            self._outcome(trajectory, t, step, finals)
            if trajectory.raw is not None:
                _store_raw(trajectory.raw, t, now.observation, step, sent)
                if step.final_observation is not None:
                    _write(trajectory.raw.seen_final, t, self.eyes(step.final_observation))
        return self._finish(trajectory, finals)

    def _outcome(self, trajectory: Trajectory, t: int, step: Step, finals: list[Finals]) -> None:
        """What a step brought: reward, endings, and what the next action is chosen from."""
        truncated = step.truncated & ~step.terminated
        ended = step.terminated | truncated
        trajectory.terminated[t], trajectory.truncated[t], trajectory.valid[t] = step.terminated, truncated, step.valid
        trajectory.reward[t] = step.reward if self.rewards is None else self.rewards(step.reward, ended)
        if step.episodes:
            self.episodes.extend(Ended(t, one) for one in step.episodes)
        if self.keep_finals and step.final_observation is not None:
            self.finals.append((t, self.eyes(step.final_observation)))
        if truncated.any():
            # a cut episode still has a future: it is judged by its final observation, not by the next reset
            rows = np.flatnonzero(truncated)
            finals.append(Finals(t, rows, self.learner.values(self.eyes(take(step.final_observation, rows)), rows)))
        # with next-step auto-reset the row after an end is no step, and the episode begins one row later
        starts = ended | ~step.valid
        self._now = _Now(step.observation, self.eyes(step.observation, learn=True), step.action_mask, starts)

    def _finish(self, trajectory: Trajectory, finals: list[Finals]) -> Trajectory:
        assert self._now is not None
        trajectory.last_observation, trajectory.last_starts = self._now.seen, self._now.starts
        self.learner.finish(trajectory)
        trajectory.next_value[:-1] = trajectory.value[1:]
        for one in finals:
            trajectory.next_value[one.row, one.envs] = one.values
        if not np.isfinite(trajectory.value).all():
            self._explain()
        return trajectory

    def _explain(self) -> None:
        raise TrainingError(
            f"the critic's values are not finite after {self.learner.version} optimizer steps. "
            "Look for NaN or infinities in the observations; "
            "else lower learning_rate or set max_grad_norm."
        )

    def _prepare(self, raw: bool) -> Trajectory:
        """Arrays for a rollout, the last one's where there are."""
        assert self._now is not None
        if self.kept is None:
            self.kept = _allocate(self.config, self.action, self._now)
        kept = self.kept
        kept.raw = _allocate_raw(self.config, self._now) if raw else None
        return kept

    def state(self) -> dict[str, Any]:
        """Where the environments stand, for a resume."""
        assert self._now is not None
        return {
            "observation": self._now.observation,
            "seen": self._now.seen,
            "mask": self._now.mask,
            "starts": self._now.starts,
            "rewards": None if self.rewards is None else self.rewards.state(),
            "observations": None if self.eyes.scale is None else self.eyes.scale.moments.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; the environments are restored by themselves."""
        self._now = _Now(state["observation"], state["seen"], state["mask"], state["starts"])
        if self.rewards is not None:
            self.rewards.restore(state["rewards"])
        if self.eyes.scale is not None:
            self.eyes.scale.restore(state["observations"])


def _allocate(config: PPOConfig, action: ActionFacts, now: _Now) -> Trajectory:
    size = (config.rollout_steps, config.num_envs)

    def like(array: NDArray[Any]) -> NDArray[Any]:
        return np.empty((*size, *array.shape[1:]), array.dtype)

    log_prob, value, next_value, reward = (np.zeros(size, np.float32) for _ in range(4))
    terminated, truncated, valid, starts = (np.zeros(size, np.bool_) for _ in range(4))
    return Trajectory(
        observation=tree_map(like, now.seen),
        action=np.zeros((*size, *action.shape), action.dtype),
        log_prob=log_prob,
        value=value,
        next_value=next_value,
        reward=reward,
        terminated=terminated,
        truncated=truncated,
        valid=valid,
        starts=starts,
        mask=None if now.mask is None else like(now.mask),
    )


def _allocate_raw(config: PPOConfig, now: _Now) -> Raw:
    size = (config.rollout_steps, config.num_envs)

    def like(array: NDArray[Any]) -> NDArray[Any]:
        return np.zeros((*size, *array.shape[1:]), array.dtype)

    return Raw(tree_map(like, now.observation), np.zeros(size, np.float32), np.zeros(0), tree_map(like, now.seen))


def _write(trees: Any, t: int, tree: Any) -> None:
    """Row t of every array of a tree."""
    if isinstance(tree, np.ndarray):
        trees[t] = tree
    else:
        for kept, one in zip(leaves(trees), leaves(tree), strict=True):
            kept[t] = one


def _store(trajectory: Trajectory, t: int, now: _Now, action: NDArray[Any]) -> None:
    _write(trajectory.observation, t, now.seen)
    trajectory.action[t] = action
    trajectory.starts[t] = now.starts
    if trajectory.mask is not None:
        trajectory.mask[t] = now.mask


def _store_raw(raw: Raw, t: int, observation: Any, step: Step, sent: NDArray[Any]) -> None:
    _write(raw.observation, t, observation)
    raw.reward[t] = step.reward
    if not t:
        raw.sent = np.zeros((len(raw.reward), *sent.shape), sent.dtype)
    raw.sent[t] = sent
