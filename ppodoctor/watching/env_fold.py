"""Rows of a stream become arrays, episodes and sums: done at a cut, never while the script steps.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.records import EpisodeRecord
from ppodoctor.watching.env_block import Block, Carry, Mark
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_tape import Tape
from ppodoctor.watching.env_values import PLAIN, action_array, action_shaped, as_array, column

Array = Any


@dataclass
class _Scan:
    """Walks the ends and resets of a block in order and closes episodes."""

    stream: Stream
    carry: Carry
    block: Block
    close: Callable[[EpisodeRecord], None]
    marks: Sequence[Mark]
    window: int = 0
    """How many of the marks were passed."""
    start: Array = field(init=False)
    begins: Array = field(init=False)
    filler: Array = field(init=False)
    rewards: Array = field(init=False)
    """[N, T] what the script received, those of an environment one after the other in memory."""
    raw: Array = field(init=False)
    """The innermost rewards likewise; the same object where they are the same numbers."""

    def __post_init__(self) -> None:
        steps, envs = self.block.reward.shape
        self.start = np.zeros(envs, np.int64)
        block, stream = self.block, self.stream
        self.raw = self.rewards = np.ascontiguousarray(block.reward.T)
        if block.raw is not None and block.raw is not block.reward and not np.array_equal(block.raw, block.reward):
            self.raw = np.ascontiguousarray(block.raw.T)
            stream.same_rewards = None
        elif block.obs is not None and stream.same_rewards is not None:
            stream.same_rewards += steps
        self.begins = np.zeros((steps + 2, envs), bool)
        self.begins[:2] = self.carry.reset_before
        self.filler = np.zeros((steps + 1, envs), bool)
        self.filler[0] = self.carry.filler

    def run(self) -> None:
        """Fill the block's filler and reset_before and carry over what is open."""
        steps = len(self.block.reward)
        ended = self.block.terminated | self.block.truncated
        resets = [(call - self.block.first_call, mask) for call, mask in self.stream.events]
        ends = [(int(t), int(i)) for t, i in zip(*np.nonzero(ended))]
        rows, events = [mark.rows for mark in self.marks], [mark.events for mark in self.marks]
        position = 0
        for number, (row, mask) in enumerate([*resets, (steps + 1, None)]):
            while position < len(ends) and ends[position][0] < row:
                self.window = bisect_right(rows, ends[position][0])
                self._end(*ends[position])
                position += 1
            if row <= steps:
                self.window = bisect_right(events, number)
                self._reset(row, mask)
        self._leave(steps)

    def _reset(self, row: int, mask: Any) -> None:
        envs = range(self.stream.envs)
        chosen = envs if mask is None else [i for i in envs if i < len(mask) and mask[i]]
        for i in chosen:
            if self.carry.over[i]:
                self.carry.stepped_after_end += max(0, row - int(self.start[i]))
            elif self._length(row, i) > 0:
                self.carry.cut_by_script += 1
                self._close(row, i, False, False)
            self._begin(row, i)
            if self.filler[row, i]:
                self.filler[row, i] = False
                self.begins[row + 1, i] = False
            self.begins[row, i] = True

    def _end(self, row: int, env: int) -> None:
        if self.carry.over[env] or self.filler[row, env]:
            return
        self._close(row + 1, env, bool(self.block.terminated[row, env]), bool(self.block.truncated[row, env]))
        mode = self.stream.autoreset
        if mode in ("none", "disabled"):
            self._begin(row + 1, env)
            self.carry.over[env] = True
        elif mode == "next_step":
            self.filler[row + 1, env] = True
            self.begins[row + 2, env] = True
            self._begin(row + 2, env)
        else:
            self.begins[row + 1, env] = True
            self._begin(row + 1, env)

    def _begin(self, row: int, env: int) -> None:
        self.start[env] = row
        self.carry.ret[env] = self.carry.seen[env] = self.carry.length[env] = 0
        self.carry.over[env] = False

    def _length(self, row: int, env: int) -> int:
        return int(self.carry.length[env]) + row - int(self.start[env])

    def _close(self, row: int, env: int, terminated: bool, truncated: bool) -> None:
        first = int(self.start[env])
        ret = seen = float(np.add.reduce(self.rewards[env][first:row]))
        if self.raw is not self.rewards:
            ret = float(np.add.reduce(self.raw[env][first:row]))
        self.close(
            EpisodeRecord(
                step=(self.block.first_call + row) * self.stream.envs,
                stream=self.stream.index,
                env=env,
                ret=float(self.carry.ret[env]) + ret,
                ret_seen=float(self.carry.seen[env]) + seen,
                length=self._length(row, env),
                terminated=terminated,
                truncated=truncated,
                update=self.window,
            )
        )

    def _leave(self, steps: int) -> None:
        """Sums of the episodes that go on; `start` may lie one row ahead (the row after a filler)."""
        carry, rest = self.carry, steps - self.start
        open_rows = np.arange(steps) >= self.start[:, None]
        if carry.over.any():
            open_rows &= ~carry.over[:, None]
            carry.stepped_after_end += int(np.maximum(rest, 0)[carry.over].sum())
            rest = np.where(carry.over, 0, rest)
        seen = np.where(open_rows, self.rewards, 0.0).sum(axis=1)
        carry.seen += seen
        carry.ret += seen if self.raw is self.rewards else np.where(open_rows, self.raw, 0.0).sum(axis=1)
        carry.length += rest
        carry.reset_before = self.begins[steps : steps + 2].copy()
        carry.filler = self.filler[steps].copy()
        self.block.filler = self.filler[:steps]
        self.block.fillers = bool(self.block.filler.any())
        self.block.reset_before = self.begins[:steps]


def fold(
    stream: Stream,
    carry: Carry,
    close: Callable[[EpisodeRecord], None],
    count: Optional[int] = None,
    marks: Sequence[Mark] = (),
) -> Block:
    """Take the first `count` rows (all by default) out of the stream.

    `close` receives every episode that ended; its `update` is the number of marks before that. Raises ValueError or
    TypeError when what step returned does not fit one shape.
    """
    first_call = stream.calls - stream.held
    count = stream.held if count is None else count
    end = count * stream.width
    rows, stream.rows = stream.rows[:end], stream.rows[end:]
    tape, stream.tape = stream.tape, None
    stream.opened = bool(stream.rows)
    later = [event for event in stream.events if event[0] > first_call + count]
    stream.events = [event for event in stream.events if event[0] <= first_call + count]
    try:
        block = _block(stream, rows, first_call) if tape is None else _taped(stream, tape, first_call)
        _Scan(stream, carry, block, close, marks).run()
        if block.obs is not None:
            block.final_known = _with_finals(stream, block)
    finally:
        last = first_call + count
        stream.events = later
        stream.finals = [one for one in stream.finals if one[0] >= last]
        stream.timeouts = [one for one in stream.timeouts if one[0] >= last]
    return block


def _taped(stream: Stream, tape: Tape, first_call: int) -> Block:
    reward, (first, second), action = tape.reward(), tape.flags(), tape.action()
    shaped = None if action is None else action_shaped(action, stream.envs, stream.vector)
    return _made(stream, (reward, first, second, reward, shaped), first_call)


def _block(stream: Stream, rows: List[Any], first_call: int) -> Block:
    columns = [rows[k :: stream.width] for k in range(stream.width)]
    steps, envs = len(columns[0]), stream.envs
    reward = _matrix(columns[1], steps, envs, np.float64)
    first = _matrix(columns[2], steps, envs, bool)
    second = _matrix(columns[3], steps, envs, bool) if stream.returns == 5 else first
    raw, action = _raw(stream, columns[4], reward), action_array(columns[0], envs, stream.vector)
    block = _made(stream, (reward, first, second, raw, action), first_call)
    if stream.width > 5 and stream.layout is not None and columns[6][0] is not None:
        block.inner_action = _inner_actions(columns[5], envs)
        block.obs = stream.layout.stack(columns[6])
        block.next_obs = stream.layout.stack(columns[7]).copy()
    return block


def _made(stream: Stream, columns: Tuple[Any, ...], first_call: int) -> Block:
    """A block of (reward, flags, flags, raw reward, action) without observations."""
    reward, first, second, raw, action = columns
    if stream.returns == 5:
        terminated, truncated, done_seen = first, second, first
    else:
        truncated = _time_limits(stream, first_call, len(reward)) & first
        terminated, done_seen = first & ~truncated, first
    return Block(
        first_call=first_call,
        reward=reward,
        raw=raw,
        terminated=terminated,
        truncated=truncated,
        done_seen=done_seen,
        # these three are made by the scan and after it
        filler=first,
        reset_before=first,
        final_known=first,
        action=action,
    )


def _matrix(values: Any, steps: int, envs: int, dtype: Any) -> Array:
    if type(values[0]) is bytes:
        return np.frombuffer(b"".join(values), bool).reshape(steps, envs)
    return column(values).reshape(steps, envs).astype(dtype, copy=False)


def _raw(stream: Stream, values: Any, reward: Array) -> Optional[Array]:
    """[T, N] innermost rewards; rows without their own (nothing below took a step) keep what was received."""
    if stream.plain:
        return reward
    seen = [t for t, value in enumerate(values) if value is not None]
    if not seen:
        return None if stream.hidden else reward
    raw = reward.copy()
    raw[seen] = _matrix([values[t] for t in seen], len(seen), stream.envs, np.float64)
    return raw


def _time_limits(stream: Stream, first_call: int, steps: int) -> Array:
    found = np.zeros((steps, stream.envs), bool)
    for row, where in stream.timeouts:
        t = row - first_call
        if not 0 <= t < steps:
            continue
        if isinstance(where, int):
            found[t, where] = True
        else:
            found[t] |= as_array(where).reshape(-1).astype(bool)
    return found


def _inner_actions(values: Any, envs: int) -> Optional[Array]:
    """[T, N, ...] with NaN (or 0 for integers) where no environment took a step."""
    if envs == 1 and PLAIN.issuperset(map(type, values)) and None not in values:
        return column(values).reshape(len(values), 1)
    listed = [value if isinstance(value, list) and envs > 1 else [value] for value in values]
    whole = next((value for row in listed for value in row if value is not None), None)
    if whole is None:
        return None
    try:
        template = as_array(whole)
        gap = np.zeros_like(template) if template.dtype.kind in "iub" else np.full_like(template, np.nan)
        found = column([[gap if value is None else as_array(value) for value in row] for row in listed])
    except (ValueError, TypeError):
        return None
    if envs > 1 and found.shape[1] == 1:  # one inner vector environment took the actions of all
        found = found[:, 0]
    return found if found.shape[1] == envs else None


def _with_finals(stream: Stream, block: Block) -> Array:
    """[T, N] whether next_obs is the true successor at an end; writes the final observations that are known."""
    ended = block.terminated | block.truncated
    known = np.ones_like(ended)
    if stream.autoreset in ("same_step", "unknown"):
        known &= ~ended
    for row, env, final in stream.finals:
        t = row - block.first_call
        if block.next_obs is not None and 0 <= t < len(known):
            block.next_obs[t, env] = final
            known[t, env] = True
    return known
