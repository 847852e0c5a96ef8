"""What the network saw and said at each environment step, from the recorded calls of its layers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.specimens import ModuleCalls, RolloutSpecimen

Array = Any
RECURRENT = ("LSTM", "GRU", "RNN")
"""How the classes of recurrent layers and cells begin."""


@lru_cache(maxsize=64)
def _weights(width: int) -> Array:
    """Odd 64-bit multipliers, one per component; fixed, so that keys of one run compare with each other."""
    return np.random.default_rng(20170720).integers(1, 2**63, size=width, dtype=np.uint64) | np.uint64(1)


def row_keys(rows: Array) -> Array:
    """[M] uint64 hash of the bytes of each row [M, ...] as float32; 0.0 and -0.0 are alike."""
    data = np.ascontiguousarray(np.asarray(rows).reshape(len(rows), -1), dtype=np.float32) + np.float32(0)
    bits = data.view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        keys = (bits * _weights(bits.shape[1])).sum(axis=1, dtype=np.uint64)
    return np.asarray(keys ^ (keys >> np.uint64(31)))


@dataclass(frozen=True)
class CallRows:
    """Rows of calls of one layer, one entry per row of a call."""

    module: int
    order: Array
    """[M] running number of the call the row belongs to."""
    step: Array
    stream: Array
    version: Array
    rows: Array
    """[M] how many rows that call had."""
    place: Array
    """[M] place of the row within its call."""
    data: Array
    """[M, D] inputs or outputs."""


def _spread(calls: ModuleCalls, data: Array) -> CallRows:
    rows = np.asarray(calls.rows, dtype=np.int64)
    total = int(rows.sum())
    starts = np.cumsum(rows) - rows
    place = np.arange(total) - np.repeat(starts, rows)
    order, step, stream, version, count = (
        np.repeat(np.asarray(column), rows)
        for column in (calls.order, calls.step, calls.stream, calls.version, calls.rows)
    )
    return CallRows(calls.module, order, step, stream, version, count, place, data.reshape(total, -1))


def joined(layers: Sequence[CallRows]) -> CallRows:
    """The rows of several layers of one width behind each other, as the first one's."""
    if len(layers) == 1:
        return layers[0]
    columns = {f.name: np.concatenate([getattr(one, f.name) for one in layers]) for f in fields(CallRows)[1:]}
    return CallRows(layers[0].module, **columns)


def inputs_of(calls: Sequence[ModuleCalls]) -> List[CallRows]:
    """Rows that went into first layers."""
    return [_spread(c, np.asarray(c.inputs)) for c in calls if c.role != "head" and _whole(c, c.inputs)]


def outputs_of(calls: Sequence[ModuleCalls]) -> List[CallRows]:
    """Rows that came out of heads."""
    return [_spread(c, np.asarray(c.outputs)) for c in calls if c.role != "first" and _whole(c, c.outputs)]


def _whole(calls: ModuleCalls, data: Optional[Array]) -> bool:
    return data is not None and len(data) > 0 and len(data) == int(np.sum(calls.rows))


def fed_keys(head: CallRows, firsts: Sequence[CallRows]) -> Tuple[Array, Array]:
    """For each row of a head's outputs: the key of the first-layer input that it was computed from, and whether known.

    A head's call belongs to the last call of a first layer before it that had as many rows.
    """
    keys = np.zeros(len(head.order), np.uint64)
    found = np.zeros(len(head.order), np.int64) - 1
    for first in firsts:
        own = row_keys(first.data)
        for count in np.unique(head.rows):
            ask, have = head.rows == count, first.rows == count
            begins = np.flatnonzero(have & (first.place == 0))
            if not len(begins) or not ask.any():
                continue
            call = np.searchsorted(first.order[begins], head.order[ask], side="right") - 1
            known = call >= 0
            at = begins[np.maximum(call, 0)]
            later = known & (first.order[at] > found[ask])
            rows = np.flatnonzero(ask)[later]
            keys[rows] = own[at[later] + head.place[rows]]
            found[rows] = first.order[at[later]]
    return keys, found >= 0


def acting_rows(first: CallRows, rollout: RolloutSpecimen) -> Array:
    """[T, N] index into `first` of the row on which each action was chosen, -1 where no such call was recorded.

    The last call with one row per environment before a step is the one that chose its action.
    """
    steps, envs = np.asarray(rollout.reward).shape
    time = first.step - rollout.first_call
    use = np.flatnonzero((first.stream == rollout.stream) & (first.rows == envs) & (time >= 0) & (time < steps))
    index = np.full((steps, envs), -1, np.int64)
    use = use[np.argsort(first.order[use], kind="stable")]
    index[time[use], first.place[use]] = use  # later calls overwrite earlier ones
    return index


@dataclass(frozen=True)
class Together:
    """Environments of one size that are stepped in turn, in the order in which they were made."""

    streams: Tuple[int, ...]
    rows: int = 1
    """Of each: its copies, or its agents."""


def stepped_in_turn(rollouts: Sequence[RolloutSpecimen], update: int) -> Together:
    """Those that an update was collected in; single ones where there are any."""
    own = [(np.asarray(one.reward).shape[1], one.stream) for one in rollouts if one.update == update]
    rows = min((size for size, _ in own), default=1)
    return Together(tuple(sorted(stream for size, stream in own if size == rows)), rows)


def of_each_stream(first: CallRows, together: Together) -> CallRows:
    """Calls with the rows of several environments, as calls for each of these.

    The rows of the first come first. A call is recorded with the stream that was stepped last and its steps so far;
    those behind that one have taken one step less.
    """
    streams, size = together.streams, together.rows
    latest = np.searchsorted(streams, first.stream)
    whole = np.isin(first.stream, streams) & (first.rows == size * len(streams))
    if len(streams) < 2 or not whole.any():
        return first
    number = np.minimum(first.place // size, len(streams) - 1)
    return replace(
        first,
        stream=np.where(whole, np.asarray(streams)[number], first.stream),
        step=np.where(whole, first.step - (number > latest), first.step),
        rows=np.where(whole, size, first.rows),
        place=np.where(whole, first.place % size, first.place),
    )


def acting_inputs(
    calls: Sequence[ModuleCalls], rollout: RolloutSpecimen, together: Together, prefer: Optional[int] = None
) -> Iterator[Tuple[int, Array]]:
    """Pairs of module and its inputs [T, N, D] at the acting calls, NaN where unknown; module `prefer` first.

    `together` are the environments of the rollout's update that are `stepped_in_turn`.
    """
    for plain in sorted(inputs_of(calls), key=lambda one: one.module != prefer):
        first = of_each_stream(plain, together)
        index = acting_rows(first, rollout)
        if (index >= 0).any():
            picked = np.asarray(first.data, dtype=np.float32)[np.maximum(index, 0)]
            picked[index < 0] = np.nan
            yield first.module, picked
