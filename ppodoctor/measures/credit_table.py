"""Recorded steps of some updates side by side as [T, E], with the values, advantages and targets the script used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.ends import resets_after
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.provenance import Provenance, match
from ppodoctor.measures.values import RolloutValues, ValueTable, value_table
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = Any


@dataclass(frozen=True)
class Consumed:
    """A quantity of the loss laid over the steps: [T, E], NaN where no minibatch of the first epoch had the step."""

    value: Array
    group: Array
    """[T, E] number of the minibatch (over all updates of the table) that used the row; -1 where none did."""
    moments: Array
    """[minibatches, 3] mean, standard deviation and size of whole minibatches, with repeated and unmatched rows."""

    def only(self, columns: Array) -> Consumed:
        """The same for some columns of the table."""
        return Consumed(self.value[:, columns], self.group[:, columns], self.moments)


@dataclass(frozen=True)
class Steps:
    """Steps of the environments, time down, one column per environment and update; shorter columns end in padding."""

    columns: Tuple[Tuple[int, int, int], ...]
    """(update, stream, index in the vector environment) per column."""
    valid: Array
    reward: Array
    terminated: Array
    cut: Array
    """The episode was cut: a time limit, or the script reset the environment by itself."""
    starts: Array
    """[T, E] bool: the observation came from a reset."""
    filler: Array
    tail: Array
    """[T, E] bool: last recorded row of its column."""
    value: Array
    successor: Array
    after: Array
    """Values at the observation, the true successor, and the observation acted on next; NaN where unknown."""
    advantage: Consumed
    target: Consumed
    raw_reward: Optional[Array] = None
    matches: Dict[Tuple[int, int], Provenance] = field(default_factory=dict)
    """By (update, index) of the reading."""

    @property
    def end(self) -> Array:
        """[T, E] bool: the episode ended or was cut here."""
        return self.terminated | self.cut

    @property
    def update_of_column(self) -> Array:
        """[E] which update each column belongs to."""
        return np.array([update for update, _, _ in self.columns])

    def only(self, columns: Array) -> Steps:
        """Some columns of the table."""
        changed: Dict[str, Any] = {"columns": tuple(self.columns[i] for i in columns)}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                changed[name] = value[:, columns]
            elif isinstance(value, Consumed):
                changed[name] = value.only(columns)
        return replace(self, **changed)


_Place = Tuple[int, int, int]
"""First row and column of a rollout in the table, and its update."""


@dataclass
class _Block:
    """The rollouts of one stream in one update, one after another in time."""

    columns: List[Tuple[int, int, int]]
    arrays: Dict[str, Array]
    begins: Dict[int, int]
    """Row at which each rollout begins, by index into `run.rollouts`."""


def build_steps(run: Run, updates: Sequence[int], readings: Sequence[LossReading]) -> Optional[Steps]:
    """Lay out the given updates; None when none of them has a rollout."""
    blocks = [block for update in updates for block in _blocks(run, update, readings)]
    if not blocks:
        return None
    height = max(len(block.arrays["reward"]) for block in blocks)
    laid = {name: _stack([b.arrays[name] for b in blocks], height) for name in blocks[0].arrays}
    places: Dict[int, _Place] = {}
    columns: List[Tuple[int, int, int]] = []
    for block in blocks:
        update = block.columns[0][0]
        places.update({i: (begin, len(columns), update) for i, begin in block.begins.items()})
        columns += block.columns
    matches: Dict[Tuple[int, int], Provenance] = {}
    used = [r for r in readings if r.update in updates]
    for reading in used:
        found = match(run, reading)
        if found is not None and found.share > 0:
            matches[reading.update, reading.index] = found
    shape = laid["valid"].shape
    return Steps(
        columns=tuple(columns),
        advantage=_consumed([(r, _advantage(r)) for r in used], matches, places, shape),
        target=_consumed([(r, _target(r)) for r in used], matches, places, shape),
        matches=matches,
        **laid,
    )


def _blocks(run: Run, update: int, readings: Sequence[LossReading]) -> List[_Block]:
    own = [i for i, rollout in enumerate(run.rollouts) if rollout.update == update and np.asarray(rollout.reward).size]
    table = value_table(run, update, readings) if own else None
    streams: Dict[Tuple[int, int], List[int]] = {}
    for i in own:
        streams.setdefault((run.rollouts[i].stream, np.asarray(run.rollouts[i].reward).shape[1]), []).append(i)
    blocks = []
    for (stream, envs), indices in streams.items():
        indices.sort(key=lambda i: run.rollouts[i].first_call)
        parts = [_one(run.rollouts[i], _values_of(table, i)) for i in indices]
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        arrays["tail"] = np.zeros_like(arrays["valid"])
        arrays["tail"][-1] = True
        begins = np.cumsum([0] + [len(part["reward"]) for part in parts])
        blocks.append(_Block([(update, stream, n) for n in range(envs)], arrays, dict(zip(indices, begins.tolist()))))
    return blocks


def _values_of(table: Optional[ValueTable], index: int) -> Optional[RolloutValues]:
    return None if table is None else next((one for one in table.rollouts if one.rollout == index), None)


def _one(rollout: RolloutSpecimen, values: Optional[RolloutValues]) -> Dict[str, Array]:
    reward = np.asarray(rollout.reward, np.float64)
    terminated = np.asarray(rollout.terminated, bool)
    filler = np.zeros(reward.shape, bool) if rollout.filler is None else np.asarray(rollout.filler, bool)
    reset = resets_after(rollout)
    before_filler = np.concatenate([filler[1:], filler[:1] & False])
    before_filler[-1] = True  # the script may reset after the update only: take the environment's word
    # a time limit that the script steps past without a reset ends nothing
    cut = ((np.asarray(rollout.truncated, bool) & (reset | before_filler)) | reset) & ~terminated & ~filler
    starts = np.concatenate([np.zeros((1, reward.shape[1]), bool), (reset | terminated)[:-1]])
    if rollout.reset_before is not None:
        starts = np.asarray(rollout.reset_before, bool)
    unknown = np.full(reward.shape, np.nan)
    return {
        "valid": np.ones(reward.shape, bool),
        "reward": reward,
        "terminated": terminated,
        "cut": cut,
        "starts": starts,
        "filler": filler,
        "value": unknown if values is None else values.obs,
        "successor": unknown if values is None else values.successor,
        "after": unknown if values is None else values.after,
        "raw_reward": unknown if rollout.raw_reward is None else np.asarray(rollout.raw_reward, np.float64),
    }


def _stack(parts: Sequence[Array], height: int) -> Array:
    """Side by side, padded below with False, 0 or NaN."""
    padded = []
    for part in parts:
        fill: Any = np.nan if part.dtype.kind == "f" else False
        padded.append(np.concatenate([part, np.full((height - len(part), part.shape[1]), fill, dtype=part.dtype)]))
    return np.concatenate(padded, axis=1)


def _advantage(reading: LossReading) -> Optional[Array]:
    surrogate = reading.surrogate
    return None if surrogate is None or surrogate.advantage is None else np.asarray(surrogate.advantage, np.float64)


def _target(reading: LossReading) -> Optional[Array]:
    value = reading.value
    return None if value is None or value.target is None else np.asarray(value.target, np.float64)


def _consumed(
    seen: Sequence[Tuple[LossReading, Optional[Array]]],
    matches: Dict[Tuple[int, int], Provenance],
    places: Dict[int, _Place],
    shape: Tuple[int, ...],
) -> Consumed:
    """Lay what the minibatches of each update's first epoch used over the steps."""
    value = np.full(shape, np.nan)
    group = np.full(shape, -1)
    moments: List[Tuple[float, float, int]] = []
    closed: set[int] = set()
    for reading, used in seen:
        found = matches.get((reading.update, reading.index))
        if used is None or found is None or used.size != len(found.rollout) or reading.update in closed:
            continue
        # samples kept from an earlier rollout were given their numbers by another policy and critic
        rows, columns, own = _cells(found, {i: p for i, p in places.items() if p[2] == reading.update})
        if not own.any():
            continue
        again = np.isfinite(value[rows, columns])
        if again.mean() > 0.5:  # the next epoch has begun
            closed.add(reading.update)
            continue
        new = ~again
        value[rows[new], columns[new]] = used.ravel()[own][new]
        group[rows[new], columns[new]] = len(moments)
        moments.append((float(used.mean()), float(used.std()), used.size))
    return Consumed(value, group, np.array(moments).reshape(-1, 3))


def _cells(found: Provenance, places: Dict[int, _Place]) -> Tuple[Array, Array, Array]:
    """Rows and columns of the matched samples, and which samples [B] those are."""
    own = np.isin(found.rollout, list(places)) & ~found.ambiguous
    begin = np.array([places[i][:2] for i in found.rollout[own]], np.int64).reshape(-1, 2)
    return begin[:, 0] + found.t[own], begin[:, 1] + found.n[own], own
