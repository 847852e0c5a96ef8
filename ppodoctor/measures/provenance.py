"""Which environment step each training sample came from, by the rows that went into the network's first layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.acting import acting_inputs, row_keys, stepped_in_turn
from ppodoctor.measures.loss import LossReading
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = Any

ENOUGH = 0.5
"""Share of a minibatch's rows that must be found for a way of matching to count."""


@dataclass(frozen=True)
class Provenance:
    """Where the `B` rows of a minibatch come from. Fields are [B]; unmatched rows have rollout, t and n of -1."""

    rollout: Array
    """Index into `run.rollouts`."""
    t: Array
    n: Array
    how: str
    """exact (bytes of the observation), acting input (bytes of what the acting network saw) or affine."""
    share: float
    """Share of rows that were found."""
    ambiguous: Array
    """Another recorded step has the same input (and action, where that is known): the row is one of several."""
    obs_affine: Optional[Tuple[Array, Array]] = None
    """([D], [D]) scale and shift with input = scale * observation + shift, when `how` is affine."""
    by_action: Optional[Array] = None
    """[B] bool: several steps have the same input, and the action of the row told which of them it is."""
    alike: Optional[Tuple[Array, Array]] = None
    """([B], [B]) number of the group of steps that the row is one of, and how many they are; a group of one is sure."""

    @property
    def matched(self) -> Array:
        """[B] bool."""
        return self.rollout >= 0


@dataclass(frozen=True)
class _Steps:
    """Recorded steps in a flat order, to be looked up by key: those of the update first, then earlier ones."""

    rollout: Array
    t: Array
    n: Array
    key: Array
    rank: Array
    """0 for the update's own rollouts, higher for older ones."""
    action: Optional[Array]


def match(run: Run, reading: LossReading) -> Optional[Provenance]:
    """The steps a minibatch is made of, or None when its inputs or the rollouts were not recorded."""
    inputs = reading.policy_inputs if reading.policy_inputs is not None else reading.value_inputs
    if inputs is None:
        return None
    module = layer_of(reading, inputs)
    action = None if reading.head is None else reading.head.action
    return match_inputs(run, reading.update, np.asarray(inputs), action=action, module=module)


def layer_of(reading: LossReading, inputs: Optional[Array]) -> Optional[int]:
    """The number of the module that these inputs of a reading went into."""
    return next((number for number, seen in reading.inputs.items() if seen is inputs), None)


def match_inputs(
    run: Run, update: int, inputs: Array, *, action: Optional[Array] = None, module: Optional[int] = None
) -> Optional[Provenance]:
    """The same for inputs [B, D] (or [T, B, D], flattened) of one layer, `module`, in one update."""
    if inputs.ndim > 2 and not _is_image(run, inputs):
        inputs = inputs.reshape(-1, inputs.shape[-1])
    inputs = inputs.reshape(len(inputs), -1)
    best: Optional[Provenance] = None
    for how, steps in _ways(run, update, inputs.shape[1], module):
        found = _look_up(steps, inputs, action, how)
        if best is None or found.share > best.share:
            best = found
        if best.share > 0.98:
            return best
    if best is None or best.share < ENOUGH:
        return _affine(run, update, inputs) or (best if best is not None and best.share > 0 else None)
    return best


def own_keys(run: Run, update: int, width: int, module: Optional[int]) -> Optional[Array]:
    """[N] keys of what a layer of this width can have been given in the steps of an update's own rollouts."""
    own = (steps.key[steps.rank == 0] for _, steps in _ways(run, update, width, module))
    return next((keys for keys in own if len(keys)), None)


def _is_image(run: Run, inputs: Array) -> bool:
    size = int(np.prod(inputs.shape[1:]))
    return any(size == int(np.prod(rollout.obs_shape or (0,))) for rollout in run.rollouts[:1])


def rollouts_until(run: Run, update: int) -> List[int]:
    """Indices of the rollouts an update can have been trained on, its own first, then the latest."""
    known = [i for i, rollout in enumerate(run.rollouts) if rollout.update <= update]
    return sorted(known, key=lambda i: (-run.rollouts[i].update, i))


@lru_cache(maxsize=32)
def _ways(run: Run, update: int, width: int, module: Optional[int]) -> List[Tuple[str, _Steps]]:
    """Ways to look rows of this width up, the most direct first."""
    indices = rollouts_until(run, update)
    ways: List[Tuple[str, _Steps]] = []
    plain = [(i, _observations(run.rollouts[i], width)) for i in indices]
    if any(obs is not None for _, obs in plain):
        ways.append(("exact", _flatten(run, update, [(i, obs) for i, obs in plain if obs is not None])))
    by_module: dict[int, List[Tuple[int, Array]]] = {}
    for i in indices:
        rollout = run.rollouts[i]
        together = stepped_in_turn(run.rollouts, rollout.update)
        for number, seen in acting_inputs(run.calls.get(rollout.update, []), rollout, together, module):
            if seen.shape[-1] == width:
                by_module.setdefault(number, []).append((i, seen))
    for number in sorted(by_module, key=lambda one: one != module):
        ways.append(("acting input", _flatten(run, update, by_module[number])))
    return ways


def _observations(rollout: RolloutSpecimen, width: int) -> Optional[Array]:
    obs = np.asarray(rollout.obs)
    if obs.ndim < 2 or obs.shape[-1] != width:
        return None
    return obs.reshape(*np.asarray(rollout.reward).shape, -1)


def _flatten(run: Run, update: int, found: Sequence[Tuple[int, Array]]) -> _Steps:
    parts = []
    for i, rows in found:
        steps, envs = rows.shape[:2]
        t, n = np.divmod(np.arange(steps * envs), envs)
        rank = 0 if run.rollouts[i].update == update else 1 + update - run.rollouts[i].update
        parts.append((np.full(t.size, i), t, n, row_keys(rows.reshape(t.size, -1)), np.full(t.size, rank)))
    columns = [np.concatenate(column) for column in zip(*parts)]
    actions = [_flat_actions(run.rollouts[i]) for i, _ in found]
    same = all(a is not None and actions[0] is not None and a.shape[1:] == actions[0].shape[1:] for a in actions)
    order = np.lexsort((columns[4], columns[3]))
    columns = [column[order] for column in columns]
    action = np.concatenate([a for a in actions if a is not None])[order] if same else None
    return _Steps(columns[0], columns[1], columns[2], columns[3], columns[4], action)


def _flat_actions(rollout: RolloutSpecimen) -> Optional[Array]:
    steps, envs = np.asarray(rollout.reward).shape
    action = np.asarray(rollout.action)
    return action.reshape(steps * envs, -1) if action.size and action.size % (steps * envs) == 0 else None


def _look_up(steps: _Steps, inputs: Array, action: Optional[Array], how: str) -> Provenance:
    keys = row_keys(inputs)
    first = np.searchsorted(steps.key, keys, side="left")
    last = np.searchsorted(steps.key, keys, side="right")
    found = last > first
    # equal keys are sorted by age: an older rollout hides none of the update's own
    chosen = np.where(found, first, -1)
    by_action, group, size = np.zeros(len(keys), bool), chosen.copy(), np.ones(len(keys), np.int64)
    many = np.flatnonzero(last - first > 1)
    if len(many):
        _settle(
            steps, (first, last), _comparable(steps, action, len(keys)), _Rows(many, chosen, by_action, group, size)
        )
    safe = np.maximum(chosen, 0)
    place = [np.where(found, column[safe], -1) for column in (steps.rollout, steps.t, steps.n)]
    share = float(found.mean()) if len(keys) else 0.0
    return Provenance(place[0], place[1], place[2], how, share, size > 1, by_action=by_action, alike=(group, size))


@dataclass(frozen=True)
class _Rows:
    """What is found out about the rows of a minibatch, filled in place; `many` are those with several equal steps."""

    many: Array
    chosen: Array
    by_action: Array
    group: Array
    size: Array


def _comparable(steps: _Steps, action: Optional[Array], size: int) -> Optional[Array]:
    """The minibatch's actions when they have the form of the recorded ones."""
    if action is None or steps.action is None:
        return None
    flat = np.asarray(action)
    if flat.size != size * steps.action.shape[1]:
        return None
    return flat.reshape(size, -1)


def _settle(steps: _Steps, span: Tuple[Array, Array], action: Optional[Array], rows: _Rows) -> None:
    """Choose among equal inputs: own update first, then the action taken, then the order of the minibatch."""
    used: dict[int, int] = {}
    for row in rows.many:
        options = np.arange(span[0][row], span[1][row])
        options = options[steps.rank[options] == steps.rank[options].min()]
        if action is not None and steps.action is not None and len(options) > 1:
            same = np.isclose(steps.action[options], action[row], rtol=1e-5, atol=1e-6).all(axis=1)
            rows.by_action[row] = same.any() and not same.all()
            options = options[same] if same.any() else options
        turn = used.get(int(options[0]), 0)
        used[int(options[0])] = turn + 1
        rows.chosen[row] = options[min(turn, len(options) - 1)]
        rows.group[row], rows.size[row] = options[0], len(options)


def _affine(run: Run, update: int, inputs: Array) -> Optional[Provenance]:
    """Match through an affine map per dimension (a normaliser between the environment and the network)."""
    indices = [i for i in rollouts_until(run, update) if run.rollouts[i].update == update]
    plain = [(i, _observations(run.rollouts[i], inputs.shape[1])) for i in indices]
    known = [(i, obs) for i, obs in plain if obs is not None]
    if not known or len(inputs) < 8:
        return None
    flat = [obs.reshape(-1, obs.shape[-1]) for _, obs in known]
    rows = np.concatenate(flat).astype(np.float64)
    scale, shift, exact = fit_affine(rows, np.asarray(inputs, np.float64))
    if exact < 0.9:
        return None
    nearest, distance = _nearest(rows * scale + shift, np.asarray(inputs, np.float64))
    found = distance < 1e-3
    rollout = np.full(len(inputs), -1)
    t, n = rollout.copy(), rollout.copy()
    start = 0
    for (i, obs), part in zip(known, flat):
        own = found & (nearest >= start) & (nearest < start + len(part))
        rollout[own] = i
        t[own], n[own] = np.divmod(nearest[own] - start, obs.shape[1])
        start += len(part)
    group, sizes = np.unique(row_keys(rows), return_inverse=True, return_counts=True)[1:]
    alike = group[nearest], sizes[group[nearest]]
    several = found & (alike[1] > 1)
    return Provenance(rollout, t, n, "affine", float(found.mean()), several, (scale, shift), alike=alike)


def fit_affine(rows: Array, inputs: Array, *, rounds: int = 12) -> Tuple[Array, Array, float]:
    """Scale and shift per dimension that carry most of `inputs` [B, D] onto some of `rows` [M, D], and their share.

    Starts from equal means and standard deviations, then matches nearest rows and refits in turns (iterated closest
    points); the share is of inputs met to 1e-3 of a standard deviation.
    """
    spread = inputs.std(0)
    scale = np.where(rows.std(0) > 0, spread / np.maximum(rows.std(0), 1e-12), 1.0)
    shift = inputs.mean(0) - scale * rows.mean(0)
    some = inputs[:: max(1, len(inputs) // 256)]
    distance = np.ones(len(some))
    for _ in range(rounds):
        nearest, distance = _nearest(rows * scale + shift, some)
        near = distance <= max(float(np.median(distance)), 1e-9)
        x, y = rows[nearest[near]], some[near]
        centred = x - x.mean(0)
        variance = (centred**2).mean(0)
        slope = (centred * (y - y.mean(0))).mean(0) / np.maximum(variance, 1e-12)
        scale = np.where(variance > 1e-12, slope, scale)
        shift = y.mean(0) - scale * x.mean(0)
        if float(np.median(distance)) < 1e-6:
            break
    return scale, shift, float((distance < 1e-3).mean())


def _nearest(rows: Array, inputs: Array) -> Tuple[Array, Array]:
    """Index of the nearest row for each input, and its distance (largest component, in standard deviations)."""
    unit = np.maximum(inputs.std(0), 1e-9)
    index = np.zeros(len(inputs), np.int64)
    distance = np.zeros(len(inputs))
    for begin in range(0, len(inputs), 64):
        part = inputs[begin : begin + 64]
        apart = np.zeros((len(part), len(rows)))
        for d in range(rows.shape[1]):
            np.maximum(apart, np.abs(part[:, d, None] - rows[None, :, d]) / unit[d], out=apart)
        index[begin : begin + 64] = apart.argmin(1)
        distance[begin : begin + 64] = apart.min(1)
    return index, distance
