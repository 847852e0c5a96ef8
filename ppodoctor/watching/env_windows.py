"""The columns of UpdateRecords that come from environments, for one update or for several that are folded at once.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Dict, List, Sequence

import numpy as np

from ppodoctor.records import EpisodeRecord, SpaceFacts
from ppodoctor.watching.env_block import Block
from ppodoctor.watching.env_totals import ACTION_VALUES, box_actions, count_actions, small_integers

Array = Any


class Window:
    """Sums over the steps of one stream before one update."""

    def __init__(self) -> None:
        self.steps = 0
        self.rewards = 0
        self.total = self.squares = 0.0
        self.largest = 0.0
        self.nonzero = 0
        self.actions: Counter[float] = Counter()
        self.action_count = 0
        self.at_bound = 0
        self.components = 0
        self.returns: List[float] = []
        self.lengths: List[int] = []
        self.cut_returns: List[float] = []
        self.cut_lengths: List[int] = []

    def merge(self, other: Window) -> None:
        """Add another stream's sums."""
        self.steps += other.steps
        self.rewards += other.rewards
        self.total += other.total
        self.squares += other.squares
        self.largest = max(self.largest, other.largest)
        self.nonzero += other.nonzero
        self.actions.update(other.actions)
        self.action_count += other.action_count
        self.at_bound += other.at_bound
        self.components += other.components
        self.returns += other.returns
        self.lengths += other.lengths
        self.cut_returns += other.cut_returns
        self.cut_lengths += other.cut_lengths

    def episode(self, record: EpisodeRecord) -> None:
        """Add a finished episode, apart when it was the script that ended it."""
        whole = record.terminated or record.truncated
        (self.returns if whole else self.cut_returns).append(record.ret)
        (self.lengths if whole else self.cut_lengths).append(record.length)

    def columns(self, use_cut: bool) -> Dict[str, Any]:
        """Columns of UpdateRecord. `use_cut`: episodes that the script itself ended are the only ones there are."""
        if not self.steps:
            return {}
        returns = self.cut_returns if use_cut else self.returns
        lengths = self.cut_lengths if use_cut else self.lengths
        found: Dict[str, Any] = {"rollout_steps": self.steps, "episodes": len(returns)}
        if returns:
            found["episode_return"] = sum(returns) / len(returns)
            found["episode_length"] = sum(lengths) / len(lengths)
        if self.rewards:
            mean = self.total / self.rewards
            found["reward_mean"] = mean
            found["reward_std"] = math.sqrt(max(0.0, self.squares / self.rewards - mean * mean))
            found["reward_abs_max"] = self.largest
            found["reward_zero_share"] = (self.rewards - self.nonzero) / self.rewards
        if self.action_count:
            found["action_mode_share"] = max(self.actions.values()) / self.action_count
        if self.components:
            found["action_bound_share"] = self.at_bound / self.components
        return found


class Parts:
    """The steps of a block, each with the window it belongs to."""

    def __init__(self, block: Block, edges: Sequence[int]) -> None:
        """`edges` are the rows [windows + 1] at which windows begin and end."""
        steps, envs = block.reward.shape
        self.count = len(edges) - 1
        self._windows = np.repeat(np.arange(self.count), np.diff(edges))
        self.of = block.received(np.repeat(self._windows, envs).reshape(steps, envs))
        """[S] window of every step that is no row inserted by a reset."""
        self.rows = [(end - begin) * envs for begin, end in zip(edges, edges[1:])]
        self.sizes = np.bincount(self.of, minlength=self.count)

    def sums(self, values: Array) -> List[Any]:
        """Sum of `values` [S] in each window."""
        return np.bincount(self.of, weights=values, minlength=self.count).tolist()  # type: ignore[no-any-return]

    def largest(self, values: Array) -> List[float]:
        """Largest of `values` [S], none of them negative, in each window; 0 where it has no step."""
        found = np.zeros(self.count)
        some = self.sizes > 0
        starts = (np.cumsum(self.sizes) - self.sizes)[some]
        found[some] = np.maximum.reduceat(values, starts) if len(starts) else 0.0
        return found.tolist()

    def slices(self) -> List[slice]:
        """Where the steps of each window lie."""
        ends = np.cumsum(self.sizes).tolist()
        return [slice(end - size, end) for end, size in zip(ends, self.sizes.tolist())]


def add_block(windows: Sequence[Window], block: Block, edges: Sequence[int], space: SpaceFacts) -> None:
    """Add a block's rows to the windows; rows inserted by a next-step reset count as steps only."""
    parts = Parts(block, edges)
    rewards = block.received(block.reward)
    columns = (
        parts.rows,
        parts.sizes.tolist(),
        parts.sums(rewards),
        parts.sums(rewards * rewards),
        parts.sums(rewards != 0),
        parts.largest(np.abs(rewards)),
    )
    for window, steps, size, total, squares, nonzero, largest in zip(windows, *columns):
        window.steps += steps
        window.rewards += size
        window.total += total
        window.squares += squares
        window.nonzero += int(nonzero)
        window.largest = max(window.largest, largest)
    if block.action is not None:
        _add_actions(windows, parts, block.received(block.action), space)


def _add_actions(windows: Sequence[Window], parts: Parts, action: Array, space: SpaceFacts) -> None:
    if space.kind == "Discrete" and action.dtype.kind in "iufb":
        for window, counted in zip(windows, _counts(parts, action, space)):
            if len(counted) <= ACTION_VALUES:
                window.actions.update(counted)
                window.action_count += sum(counted.values())
    elif space.kind == "Box" and space.low and action.dtype.kind in "iuf":
        inside = box_actions(action, space)
        if inside is not None:
            part, low, high = inside
            bound = ((part <= low) | (part >= high)).sum(axis=1)
            for window, hits, size in zip(windows, parts.sums(bound), parts.sizes.tolist()):
                window.at_bound += int(hits)
                window.components += size * part.shape[1]


def _counts(parts: Parts, action: Array, space: SpaceFacts) -> List[Dict[float, int]]:
    """How often each action was taken in each window."""
    if not small_integers(action, space) or action.size != len(parts.of):
        return [count_actions(action[where], space) for where in parts.slices()]
    several = int(action.max()) + 1
    table = np.bincount(parts.of * several + action.ravel(), minlength=parts.count * several)
    rows = table.reshape(parts.count, several).tolist()
    return [{value: count for value, count in enumerate(row) if count} for row in rows]
