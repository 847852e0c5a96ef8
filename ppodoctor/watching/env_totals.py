"""Sums over the folded rows of one stream: facts about the whole run.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np

from ppodoctor.records import EpisodeRecord, SpaceFacts
from ppodoctor.watching.env_block import Block

Array = Any
_DISTINCT = 32
_FIRST_ROWS = 256
ACTION_VALUES = 4096
"""Different discrete actions that are counted one by one."""


class RewardSums:
    """Sums over the rewards of one block."""

    def __init__(self, block: Block) -> None:
        self.rewards = rewards = block.received(block.reward).ravel()
        self.size = rewards.size
        self.low, self.high = (float(rewards.min()), float(rewards.max())) if self.size else (np.inf, -np.inf)
        self.zeros = self.size - int(np.count_nonzero(rewards))
        self.missing = 0
        """Rewards that are not finite; `low` and `high` are those of the others."""
        if not np.isfinite(rewards.sum()):
            finite = rewards[np.isfinite(rewards)]
            self.missing = self.size - finite.size
            self.low, self.high = (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)

    def distinct(self, most: int) -> List[float]:
        """Up to `most` different values."""
        if self.low >= self.high:
            return [self.low] if self.low == self.high else []
        values = np.unique(self.rewards)
        return np.asarray(values[np.isfinite(values)][:most]).tolist()  # type: ignore[no-any-return]


class Totals:
    """Facts about a stream's whole life, from the rows whose observations were kept and from every reward."""

    def __init__(self) -> None:
        self.count = 0
        self.sum: Optional[Array] = None
        self.squares: Optional[Array] = None
        self.low: Optional[Array] = None
        self.high: Optional[Array] = None
        self.rows = 0
        self.nan = 0
        self.infinite = 0
        self.rewards = self.reward_nan = self.reward_zero = 0
        self.reward_low, self.reward_high = np.inf, -np.inf
        self.distinct: set[float] = set()
        self.out_of_bounds = self.components = 0
        self.episodes = self.terminated = self.truncated = 0
        self.length_low, self.length_high = 0, 0
        self.identical: Optional[float] = None

    def add(self, block: Block, sums: RewardSums, action: SpaceFacts) -> None:
        """Add one block."""
        self.rewards += sums.size
        self.reward_nan += sums.missing
        self.reward_zero += sums.zeros
        self.reward_low = min(self.reward_low, sums.low)
        self.reward_high = max(self.reward_high, sums.high)
        if len(self.distinct) <= _DISTINCT:
            self.distinct.update(sums.distinct(_DISTINCT + 1))
        if block.action is not None and action.kind == "Box" and action.low and block.action.dtype.kind in "iuf":
            inside = box_actions(block.received(block.action), action)
            if inside is not None:
                part, low, high = inside
                self.out_of_bounds += int(((part < low - 1e-6) | (part > high + 1e-6)).sum())
                self.components += part.size
        if block.obs is not None and block.next_obs is not None:
            self._add_observations(block)

    def episode(self, record: EpisodeRecord) -> None:
        """Add one finished episode."""
        self.length_low = min(self.length_low, record.length) if self.episodes else record.length
        self.length_high = max(self.length_high, record.length)
        self.episodes += 1
        self.terminated += record.terminated
        self.truncated += record.truncated

    @property
    def whole(self) -> int:
        """Episodes that the environment ended."""
        return self.terminated + self.truncated

    def facts(self) -> Dict[str, Any]:
        """JSON-ready numbers; what was not observed is absent."""
        found: Dict[str, Any] = {}
        if self.count and self.sum is not None and self.squares is not None:
            mean = self.sum / self.count
            found["obs_mean"] = mean.tolist()
            found["obs_std"] = np.sqrt(np.maximum(self.squares / self.count - mean * mean, 0.0)).tolist()
            found["obs_min"] = np.asarray(self.low).tolist()
            found["obs_max"] = np.asarray(self.high).tolist()
            found["obs_constant"] = np.flatnonzero(np.asarray(self.low) == np.asarray(self.high)).tolist()
        if self.rows:
            found["obs_rows"], found["obs_nan"], found["obs_infinite"] = self.rows, self.nan, self.infinite
        if self.rewards:
            found["reward_nan"] = self.reward_nan
            found["reward_zero_share"] = self.reward_zero / self.rewards
            if self.reward_high >= self.reward_low:
                found["reward_min"], found["reward_max"] = self.reward_low, self.reward_high
            if len(self.distinct) <= _DISTINCT:
                found["reward_values"] = sorted(self.distinct)
        if self.components:
            found["out_of_bounds_share"] = self.out_of_bounds / self.components
        if self.episodes:
            found["length_min"], found["length_max"] = self.length_low, self.length_high
            found["episodes"], found["terminated"], found["truncated"] = self.episodes, self.terminated, self.truncated
        if self.identical is not None:
            found["identical_sub_envs"] = self.identical
        return found

    def _add_observations(self, block: Block) -> None:
        obs = np.asarray(block.obs, np.float64)
        if self.identical is None and obs.shape[1] > 1:
            self.identical = _identical(block)
        rows = obs.reshape(-1, obs.shape[-1])
        self.rows += len(rows)
        self.nan += int(np.isnan(rows).sum())
        self.infinite += int(np.isinf(rows).sum())
        rows = rows[np.isfinite(rows).all(axis=1)]
        if not len(rows):
            return
        low, high = rows.min(axis=0), rows.max(axis=0)
        if self.sum is None:
            self.sum, self.squares, self.low, self.high = rows.sum(axis=0), np.square(rows).sum(axis=0), low, high
        else:
            self.sum, self.squares = self.sum + rows.sum(axis=0), self.squares + np.square(rows).sum(axis=0)
            self.low, self.high = np.minimum(np.asarray(self.low), low), np.maximum(np.asarray(self.high), high)
        self.count += len(rows)


def small_integers(action: Array, space: SpaceFacts) -> bool:
    """Are these actions integers from 0 up to a few thousand, the usual case?"""
    few = action.dtype.kind in "iu" and action.size > 0 and (space.n or ACTION_VALUES) < ACTION_VALUES
    return few and bool(action.min() >= 0 and action.max() < ACTION_VALUES)


def count_actions(action: Array, space: SpaceFacts) -> Dict[float, int]:
    """How often each action was taken."""
    values, often = np.unique(action, return_counts=True)
    return dict(zip(values.tolist(), often.tolist()))


def box_actions(action: Array, space: SpaceFacts) -> Any:
    """(actions [S, A], low [A], high [A]) of the components whose bounds are known, or None when sizes differ."""
    low, high = np.array(space.low), np.array(space.high)
    size = int(np.prod(space.shape)) if space.shape else len(low)
    if size == 0 or action.size % size or len(action) * size != action.size:
        return None
    return action.reshape(-1, size)[:, : len(low)], low, high


def _identical(block: Block) -> float:
    """Share of the first rows in which an environment returns just what the first one does."""
    obs, reward = np.asarray(block.next_obs)[:_FIRST_ROWS], block.reward[:_FIRST_ROWS]
    equal = (obs[:, 1:] == obs[:, :1]).all(axis=-1) & (reward[:, 1:] == reward[:, :1])
    return float(equal.mean())
