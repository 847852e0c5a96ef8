"""Which recorded steps an update's samples are, how often each was used, and whether their actions are those taken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.acting import row_keys
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.provenance import Provenance, layer_of, match, own_keys
from ppodoctor.measures.steps import train_rollouts
from ppodoctor.run import Run

Array = Any


@dataclass(frozen=True)
class Use:
    """One recorded minibatch against the steps it is made of."""

    reading: LossReading
    found: Provenance
    row: Array
    """[B] running number of the step over all recorded rollouts, -1 where unmatched or ambiguous."""
    own: Array
    """[B] bool: from a rollout of the reading's own update."""
    filler: Array
    """[B] bool: a row that auto-reset inserted."""
    started: Array
    """[B] bool: an episode began between the first row of its rollout and this one."""


@lru_cache(maxsize=8)
def sample_uses(run: Run) -> Tuple[Use, ...]:
    """Every recorded minibatch with a policy term (or any term) that could be matched, in order."""
    from ppodoctor.measures.reading import readings

    return uses_of(run, readings(run))


def uses_of(run: Run, readings: Sequence[LossReading]) -> Tuple[Use, ...]:
    """The same for given readings."""
    begins = np.cumsum([0] + [np.asarray(rollout.reward).size for rollout in run.rollouts])
    widths = [np.asarray(rollout.reward).shape[1] for rollout in run.rollouts]
    fillers = [_flag(rollout.filler, rollout) for rollout in run.rollouts]
    starts = [_started(_flag(rollout.reset_before, rollout)) for rollout in run.rollouts]
    updates = np.array([rollout.update for rollout in run.rollouts])
    made = []
    for reading in readings:
        found = match(run, reading)
        if found is None:
            continue
        known = found.matched & ~found.ambiguous
        row = np.full(len(found.rollout), -1)
        filler, started = np.zeros(len(row), bool), np.zeros(len(row), bool)
        for i in np.unique(found.rollout[found.matched]):
            mine = found.matched & (found.rollout == i)
            row[mine & known] = begins[i] + found.t[mine & known] * widths[i] + found.n[mine & known]
            filler[mine] = fillers[i][found.t[mine], found.n[mine]]
            started[mine] = starts[i][found.t[mine], found.n[mine]]
        own = found.matched & (updates[np.maximum(found.rollout, 0)] == reading.update)
        made.append(Use(reading, found, row, own, filler, started))
    return tuple(made)


def _flag(flag: Optional[Array], rollout: Any) -> Array:
    return np.zeros(np.asarray(rollout.reward).shape, bool) if flag is None else np.asarray(flag, bool)


def _started(starts: Array) -> Array:
    later = starts.copy()
    later[0] = False
    return np.asarray(np.cumsum(later, axis=0) > 0)


@dataclass(frozen=True)
class Epoch:
    """How the first pass of an update went over its rollout."""

    update: int
    steps: int
    """Recorded steps of the update's rollouts, without rows that auto-reset inserted."""
    samples: int
    """Samples of the minibatches of the first pass that were recorded one after another."""
    repeated: int
    """Of those, samples whose step had been used in the same pass already."""
    missing: int
    """Steps not used when the pass was complete, else 0."""
    complete: bool
    """The pass ended within what was recorded."""


@lru_cache(maxsize=8)
def first_epochs(run: Run) -> Tuple[Epoch, ...]:
    """The first pass of every update whose leading minibatches were recorded without a gap."""
    by_update: Dict[int, List[Use]] = {}
    uses = sample_uses(run)
    found = action_agreement(run) if any(np.any(use.found.by_action) for use in uses) else None
    if found is not None and found.here < 0.95 and not found.mapped:
        return ()  # actions that are not those of their observations do not tell steps apart that look alike
    for use in uses:
        if use.reading.surrogate is not None:
            by_update.setdefault(use.reading.update, []).append(use)
    epochs = (_first_epoch(run, update, uses) for update, uses in by_update.items())
    return tuple(epoch for epoch in epochs if epoch is not None)


def _first_epoch(run: Run, update: int, uses: List[Use]) -> Optional[Epoch]:
    own = [rollout for rollout in train_rollouts(run) if rollout.update == update]
    steps = sum(int(np.asarray(r.reward).size) - int(_flag(r.filler, r).sum()) for r in own)
    lead = _without_gap(uses)
    if not lead or steps == 0 or any((~use.found.matched).mean() > 0.02 for use in lead):
        return None
    played = next((row.rollout_steps or 0 for row in run.updates if row.update == update), 0)
    if played > steps and any(np.any(use.found.ambiguous) for use in lead):
        return None  # steps that were not recorded may look like some that were
    used: Counter[int] = Counter()
    samples = repeated = 0
    complete = False
    for use in lead:
        mine, sizes = _groups(use)
        # of steps that look alike as many uses as there are such steps are nothing strange
        again = sum(max(used[g] + n - max(sizes[g], used[g]), 0) for g, n in mine.items())
        if samples and (again > 0.95 * sum(mine.values()) or samples >= steps):
            complete = True
            break
        samples, repeated = samples + sum(mine.values()), repeated + again
        used.update(mine)
    complete = complete or samples >= steps
    return Epoch(update, steps, samples, repeated, max(steps - samples + repeated, 0) if complete else 0, complete)


def _groups(use: Use) -> Tuple[Counter[int], Dict[int, int]]:
    """How often each group of steps that look alike was used, and how many steps are in it."""
    known = use.found.matched
    group, size = use.found.alike or (use.row, np.ones(len(use.row), np.int64))
    return Counter(group[known].tolist()), dict(zip(group[known].tolist(), size[known].tolist()))


def _without_gap(uses: List[Use]) -> List[Use]:
    """Leading minibatches whose numbers follow each other (two losses in turn count by twos)."""
    indices = [use.reading.index for use in uses]
    stride = indices[1] - indices[0] if len(indices) > 1 else 1
    lead = [use for k, use in enumerate(uses) if use.reading.index == indices[0] + k * stride]
    return lead if stride in (1, 2) else uses[:1]


@dataclass(frozen=True)
class Agreement:
    """How often the action whose log-probability is taken is the one sent at the matched step, or beside it."""

    samples: int
    here: float
    before: float
    """The action of the step before the one whose observation was matched."""
    after: float
    mapped: bool
    """Each stored action goes with one sent action (renamed, scaled or shifted), exactly."""


@lru_cache(maxsize=8)
def action_agreement(run: Run) -> Optional[Agreement]:
    """Over all matched samples of all recorded minibatches; None when actions cannot be compared."""
    return agreement_of(run, sample_uses(run))


def agreement_of(run: Run, uses: Sequence[Use]) -> Optional[Agreement]:
    """The same for given minibatches."""
    stored: List[Array] = []
    sent: List[Array] = []
    for use in uses:
        pair = _actions(run, use)
        if pair is not None:
            stored.append(pair[0])
            sent.append(pair[1])
    if not stored or len({part.shape[1] for part in stored}) != 1:
        return None
    mine, others = np.concatenate(stored), np.concatenate(sent, axis=1)
    same = [_share(np.isclose(mine, other, rtol=1e-4, atol=1e-5).all(axis=1)[_known(other)]) for other in others]
    mapped = _is_mapped(mine, others[1])
    if max(same) < 0.5 and not mapped:  # scaled on the way to the environment, and beside its observation?
        same = [_on_a_line(mine[_known(other)], other[_known(other)]) for other in others]
    return Agreement(len(mine), same[1], same[0], same[2], mapped)


def _on_a_line(stored: Array, sent: Array, *, rounds: int = 4) -> float:
    """Share of rows [K, d] that one affine map of each component, clipped to the bounds met, explains.

    Rows off it are left out by and by.
    """
    if len(stored) < 32 or len(np.unique(stored, axis=0)) <= 64:
        return 0.0
    met = np.ones(len(stored), bool)
    for d in range(stored.shape[1]):
        low, high = sent[:, d].min(), sent[:, d].max()
        inside = (sent[:, d] > low) & (sent[:, d] < high)
        if inside.sum() < 32:
            return 0.0
        use = inside
        for _ in range(rounds):
            slope, shift = np.polyfit(stored[use, d], sent[use, d], 1)
            off = np.abs(sent[:, d] - np.clip(slope * stored[:, d] + shift, low, high))
            use = inside & (off <= max(float(np.median(off[inside])), 1e-5))
        met &= off <= 1e-4 * max(float(np.ptp(sent[:, d])), 1e-12)
    return float(met.mean())


def _share(hits: Array) -> float:
    return float(hits.mean()) if len(hits) else 0.0


def _known(rows: Array) -> Array:
    return np.isfinite(rows).all(axis=1)


def _actions(run: Run, use: Use) -> Optional[Tuple[Array, Array]]:
    """Stored actions [K, d] and those sent at the step before, at and after it [3, K, d]."""
    head = use.reading.head
    if head is None or head.action is None:
        return None
    chosen = use.row >= 0
    if use.found.by_action is not None:
        chosen &= ~use.found.by_action  # of several steps alike it is the one with this action: that proves nothing
    rows = head.action.shape[0] if head.action.shape[0] == len(chosen) else int(np.prod(head.action.shape[:2]))
    if rows != len(chosen) or not chosen.any():  # [B, ...], or sequences [T, B, ...]
        return None
    stored = np.asarray(head.action, np.float64).reshape(len(chosen), -1)[chosen]
    sent = np.full((3, len(stored), stored.shape[1]), np.nan)
    for k, step in enumerate((-1, 0, 1)):
        for i in np.unique(use.found.rollout[chosen]):
            rollout = run.rollouts[i]
            steps, envs = np.asarray(rollout.reward).shape
            actions = np.asarray(rollout.action, np.float64).reshape(steps, envs, -1)
            if actions.shape[2] != stored.shape[1]:
                return None
            mine = use.found.rollout[chosen] == i
            t, n = use.found.t[chosen][mine] + step, use.found.n[chosen][mine]
            inside = (t >= 0) & (t < steps)
            rows = np.flatnonzero(mine)[inside]
            sent[k, rows] = actions[t[inside], n[inside]]
    return stored, sent


def _is_mapped(stored: Array, sent: Array) -> bool:
    """Is one a function of the other: a rename, an affine map or a clip?"""
    return _is_function(stored, sent) or _is_function(sent, stored)


def _is_function(stored: Array, sent: Array) -> bool:
    known = _known(sent) & _known(stored)
    stored, sent = stored[known], sent[known]
    if len(stored) < 16:
        return False
    values = np.unique(stored, axis=0)
    if len(values) <= 64:
        keys = row_keys(stored)
        return all(np.ptp(sent[keys == key], axis=0).max() < 1e-5 for key in np.unique(keys))
    for d in range(stored.shape[1]):
        order = np.argsort(stored[:, d], kind="stable")
        jumps = np.diff(sent[order, d])
        if (jumps < -1e-5).any() and (jumps > 1e-5).any():
            return False
    return True


@dataclass(frozen=True)
class Variety:
    """How many different inputs one recorded minibatch holds."""

    update: int
    samples: int
    distinct: int
    expected: float
    """As many would be expected in so many samples drawn from the rollouts of the update."""

    def collapsed(self, lost: float = 0.5) -> bool:
        """Is a share of the variety lost that chance does not take?"""
        return self.expected >= LEAST_VARIETY and self.distinct < (1 - lost) * self.expected


LEAST_VARIETY = 8.0
"""Different inputs to expect in a minibatch, below which nothing is said of those that are missing."""


def inputs_collapsed(run: Run, *, lost: float = 0.5) -> bool:
    """Do the minibatches hold far fewer different inputs than the rollouts do? Then no sample is its own step."""
    found = distinct_inputs(run)
    return bool(found) and sum(one.collapsed(lost) for one in found) >= 0.8 * len(found)


@lru_cache(maxsize=8)
def distinct_inputs(run: Run) -> Tuple[Variety, ...]:
    """Of every recorded minibatch of at least 8 samples."""
    from ppodoctor.measures.reading import readings

    found = []
    for reading in readings(run):
        inputs = reading.policy_inputs
        counts = (
            None
            if inputs is None
            else _recorded_counts(run, reading.update, inputs.shape[-1], layer_of(reading, inputs))
        )
        if inputs is None or counts is None or len(inputs) < 8:
            continue
        flat = np.asarray(inputs)
        flat = flat.reshape(-1, flat.shape[-1]) if flat.ndim == 3 else flat.reshape(len(flat), -1)
        expected = float((1 - (1 - counts / counts.sum()) ** len(flat)).sum())
        found.append(Variety(reading.update, len(flat), len(np.unique(row_keys(flat))), expected))
    return tuple(found)


@lru_cache(maxsize=32)
def _recorded_counts(run: Run, update: int, width: int, module: Optional[int]) -> Optional[Array]:
    """How many steps of an update's rollouts have each different input; None without a rollout."""
    keys = own_keys(run, update, width, module)
    if keys is None:
        rollouts = [r for r in train_rollouts(run) if r.update == update]
        parts = [row_keys(np.asarray(r.obs).reshape(np.asarray(r.reward).size, -1)) for r in rollouts]
        keys = np.concatenate(parts) if parts else None
    return None if keys is None or not len(keys) else np.unique(keys, return_counts=True)[1]
