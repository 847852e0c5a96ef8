"""What the script's own critic said about every recorded step, before the first optimizer step of an update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from ppodoctor.measures.acting import (
    RECURRENT,
    CallRows,
    acting_rows,
    fed_keys,
    inputs_of,
    joined,
    of_each_stream,
    outputs_of,
    row_keys,
    stepped_in_turn,
)
from ppodoctor.measures.carrying import carried
from ppodoctor.measures.ends import ended, false_finals, resets_after
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.successor_batches import successor_keys
from ppodoctor.run import Run
from ppodoctor.specimens import ModuleCalls, RolloutSpecimen

Array = Any

AGREE = 1e-3
"""A head is the critic when its outputs equal the value predictions to this share of their spread."""


@dataclass(frozen=True)
class RolloutValues:
    """Values of one rollout's states; NaN where the script never asked its critic (or it was not seen)."""

    rollout: int
    """Index into `run.rollouts`."""
    obs: Array
    """[T, N] at the observation acted on."""
    successor: Array
    """[T, N] at the true successor: at an end, the final observation."""
    after: Array
    """[T, N] at the observation acted on next: after an end, the next episode's first."""
    last: Array
    """[N] at the observation after the last row."""


@dataclass(frozen=True)
class ValueTable:
    """The critic's values of one update's rollouts."""

    update: int
    version: int
    """Optimizer steps before the calls that were used."""
    rollouts: Tuple[RolloutValues, ...]
    known: float
    """Share of the observations acted on whose value is known."""
    source: str
    """calls (of the critic's head) or predictions (of the first value loss)."""
    agreement: Optional[float] = None
    """Root mean square difference of the first value loss's predictions from the calls of the head nearest to them, in
    their spread; None where no input is in both."""


@dataclass(frozen=True)
class _Book:
    """Value by key of the input it was computed from."""

    keys: Array
    values: Array

    def at(self, keys: Array) -> Array:
        """Values for an array of keys, NaN where unknown."""
        if not len(self.keys):
            return np.full(keys.shape, np.nan)
        place = np.minimum(np.searchsorted(self.keys, keys.ravel()), len(self.keys) - 1)
        found = self.keys[place] == keys.ravel()
        return np.where(found, self.values[place], np.nan).reshape(keys.shape)


def value_table(run: Run, update: int, readings: Sequence[LossReading]) -> Optional[ValueTable]:
    """The values known for one update, given its readings; None when there is neither a call nor a prediction."""
    own = [i for i, rollout in enumerate(run.rollouts) if rollout.update == update]
    predicted = _predictions([r for r in readings if r.update == update])
    calls = run.calls.get(update, [])
    if not own or (predicted is None and not calls):
        return None
    firsts = _outermost(calls, {np.asarray(run.rollouts[i].obs).shape[-1] for i in own})
    version = _version(calls, readings, update)
    critic, agreement = _critic(outputs_of(calls), firsts, version, predicted)
    pieces = [book for book in (critic, predicted) if book is not None]
    if not pieces:
        return None
    book = _merge(pieces)
    found = [_of_rollout(run, i, book, firsts) for i in own]
    known = float(np.mean(np.concatenate([np.isfinite(one.obs).ravel() for one in found])))
    if known == 0.0:
        return None
    return ValueTable(update, version, tuple(found), known, "calls" if critic is not None else "predictions", agreement)


def _outermost(calls: Sequence[ModuleCalls], widths: Set[int]) -> List[CallRows]:
    """The layers that see states; a recurrent cell behind an embedding sees its output, which is none.

    Not all need see observations of the environment's own width: a critic may be given those of a whole team.
    """
    firsts = inputs_of(calls)
    if not any(first.data.shape[1] in widths for first in firsts):
        return firsts
    cells = {one.module for one in calls if one.cls.startswith(RECURRENT)}
    return [first for first in firsts if first.data.shape[1] in widths or first.module not in cells]


def _version(calls: Sequence[ModuleCalls], readings: Sequence[LossReading], update: int) -> int:
    """Optimizer steps taken when the rollout was played."""
    first = [r.version for r in readings if r.update == update]
    seen = [np.asarray(c.version)[~np.asarray(c.grad, bool)] for c in calls if len(c.version)]
    seen = [versions for versions in seen if len(versions)]
    if seen:
        numbers, counts = np.unique(np.concatenate(seen), return_counts=True)
        often = int(numbers[counts.argmax()])
        return min(often, *first) if first else often
    if first:
        return min(first)
    return max((int(np.min(c.version)) for c in calls if len(c.version)), default=0)


def _predictions(readings: Sequence[LossReading]) -> Optional[_Book]:
    """Predictions in the first value loss of the update: made before the critic's first step."""
    for reading in sorted(readings, key=lambda one: one.index):
        value, inputs = reading.value, reading.value_inputs
        if value is None or value.prediction is None or inputs is None:
            continue
        prediction = np.asarray(value.prediction, np.float64).ravel()
        rows = np.asarray(inputs)
        if rows.ndim == 3 and len(rows) != prediction.size:
            rows = rows.reshape(-1, rows.shape[-1])
        if len(rows) != prediction.size:
            return None
        return _sorted(row_keys(rows), prediction)
    return None


def _sorted(keys: Array, values: Array) -> _Book:
    order = np.argsort(keys, kind="stable")
    return _Book(keys[order], np.asarray(values, np.float64)[order])


def _merge(books: Sequence[_Book]) -> _Book:
    """One book; for a key in several the first wins (a stable sort keeps it in front)."""
    return _sorted(np.concatenate([b.keys for b in books]), np.concatenate([b.values for b in books]))


def _critic(
    heads: Sequence[CallRows], firsts: Sequence[CallRows], version: int, predicted: Optional[_Book]
) -> Tuple[Optional[_Book], Optional[float]]:
    """The calls of the critic's head: the head (and column) whose outputs are the value loss's predictions.

    With them how far they are from the predictions.
    """
    best: Tuple[float, Optional[_Book]] = (np.inf, None)
    lone: List[_Book] = []
    for head in heads:
        keys, known = fed_keys(head, firsts)
        use = known & (head.version == version)
        if not use.any():
            continue
        for column in range(min(head.data.shape[1], 64)):
            book = _sorted(keys[use], head.data[use, column])
            apart = _apart(book, predicted)
            if apart is not None and apart < best[0]:
                best = (apart, book)
        if head.data.shape[1] == 1:
            lone.append(_sorted(keys[use], head.data[use, 0]))
    if best[1] is not None:
        return (best[1] if best[0] < AGREE else None), best[0]
    return (lone[0] if len(lone) == 1 else None), None


def _apart(book: _Book, predicted: Optional[_Book]) -> Optional[float]:
    """Root mean square difference from the predictions, in their spread; None where no row is in both."""
    if predicted is None:
        return None
    said = book.at(predicted.keys)
    both = np.isfinite(said) & np.isfinite(predicted.values)
    if both.sum() < min(4, len(predicted.keys)):
        return None
    spread = max(float(predicted.values[both].std()), 1e-3 * float(np.abs(predicted.values[both]).max()), 1e-12)
    return float(np.sqrt(np.mean((said[both] - predicted.values[both]) ** 2)) / spread)


def _of_rollout(run: Run, index: int, book: _Book, firsts: Sequence[CallRows]) -> RolloutValues:
    rollout = run.rollouts[index]
    shape = np.asarray(rollout.reward).shape
    together = stepped_in_turn(run.rollouts, rollout.update)
    plain = _plain_values(rollout, book)
    if plain is not None and np.isfinite(plain["obs"]).mean() > 0.5:
        found = plain
    else:
        acted = _acting_values(rollout, book, [of_each_stream(first, together) for first in firsts])
        found = max(
            (one for one in (acted, plain) if one is not None),
            key=lambda one: np.isfinite(one["obs"]).mean(),
            default={},
        )
    if not found:
        empty = np.full(shape, np.nan)
        return RolloutValues(index, empty, empty, empty, np.full(shape[1], np.nan))
    after = np.concatenate([found["obs"][1:], found["last"][None]])
    same = ~ended(rollout) & ~resets_after(rollout)
    # where the episode goes on, the successor and the next observation are one state: one value does for both
    successor = np.where(same & ~np.isfinite(found["successor"]), after, found["successor"])
    after = np.where(same & ~np.isfinite(after), successor, after)
    successor = np.where(false_finals(rollout), np.nan, successor)
    return RolloutValues(index, found["obs"], successor, after, found["last"])


def _plain_values(rollout: RolloutSpecimen, book: _Book) -> Optional[Dict[str, Array]]:
    """Values by the observations themselves, for networks that see them as the environment gives them."""
    steps, envs = np.asarray(rollout.reward).shape

    def look(rows: Any) -> Array:
        flat = np.asarray(rows).reshape(-1, np.asarray(rows).shape[-1])
        return book.at(row_keys(flat))

    last = np.full(envs, np.nan) if rollout.last_obs is None else look(rollout.last_obs)
    successor = look(rollout.next_obs).reshape(steps, envs)
    if rollout.final_known is not None:
        successor = np.where(ended(rollout) & ~np.asarray(rollout.final_known, bool), np.nan, successor)
    return {"obs": look(rollout.obs).reshape(steps, envs), "successor": successor, "last": last}


def _acting_values(rollout: RolloutSpecimen, book: _Book, firsts: Sequence[CallRows]) -> Optional[Dict[str, Array]]:
    """Values by what the network saw at each step, for scripts that transform observations before it."""
    best: Optional[Dict[str, Array]] = None
    for first in firsts:
        index = acting_rows(first, rollout)
        if not (index >= 0).any():
            continue
        pool = joined([first, *(o for o in firsts if o is not first and o.data.shape[1] == first.data.shape[1])])
        keys = row_keys(pool.data)
        acted = keys[np.maximum(index, 0)]
        found = {
            "obs": np.where(index >= 0, book.at(acted), np.nan),
            **_successors(rollout, pool, (index, len(first.order)), book.at(keys)),
        }
        batch = successor_keys(rollout, acted, index >= 0, firsts)
        if batch is not None:
            _fill(found, rollout, acted, book.at(batch), batch)
        if best is None or _known(found) > _known(best):
            best = found
    return best


def _fill(found: Dict[str, Array], rollout: RolloutSpecimen, acted: Array, said: Array, batch: Array) -> None:
    """Take the values of successors from a batch of them, `said`; those found between two steps are less sure."""
    over = ended(rollout) | resets_after(rollout)
    begun = np.zeros(over.shape, bool)
    begun[:-1] = over[:-1] & (batch[:-1] == acted[1:])  # at an end the batch has the next episode's first state
    told = np.isfinite(said) & ~begun
    found["successor"] = np.where(told, said, found["successor"])
    found["last"] = np.where(told[-1] & ~over[-1], said[-1], found["last"])


def _known(found: Dict[str, Array]) -> Tuple[float, int]:
    """How much of the states acted in is known; then, where separate networks see them alike, of the others."""
    others = int(np.isfinite(found["successor"]).sum() + np.isfinite(found["last"]).sum())
    return float(np.isfinite(found["obs"]).mean()), others


def _successors(rollout: RolloutSpecimen, first: CallRows, acting: Tuple[Array, int], said: Array) -> Dict[str, Array]:
    """Values at successors and after the last row, from the other calls made between two steps.

    Between two steps the critic may be asked about the state just reached, then about the one to act on. Which row of
    which call is the state just reached is told by its nearness to that observation, carried to what the network sees
    by the affine map that fits the acting calls best. `acting` are the rows [T, N] that were acted on, and how many
    rows the layer that acts has: those behind them are of other networks.
    """
    index, own = acting
    steps, envs = index.shape
    successor = np.concatenate(
        [np.where(index >= 0, said[np.maximum(index, 0)], np.nan)[1:], np.full((1, envs), np.nan)]
    )
    over = ended(rollout) | resets_after(rollout)
    successor[over] = np.nan
    last = np.full(envs, np.nan)
    carry = carried(rollout, first, index)
    time = first.step - rollout.first_call - 1
    other = (first.stream == rollout.stream) & (time >= 0) & (time < steps) & np.isfinite(said)
    other[index[index >= 0]] = False
    acted_in = np.isin(row_keys(first.data), row_keys(first.data[index[index >= 0]]))
    other[own:] &= ~acted_in[own:]  # another network is asked about the states acted in, too
    wanted = [(t, n, False) for t, n in np.argwhere(over | (np.arange(steps) == steps - 1)[:, None])]
    wanted += [(steps - 1, n, True) for n in range(envs)]
    for t, n, is_last in wanted:
        rows = np.flatnonzero(other & (time == t))
        fresh = rows[~acted_in[rows]]  # a batch of the rollout's own states may lie between two steps, too
        rows = fresh if len(fresh) else rows
        source = rollout.last_obs if is_last else rollout.next_obs[t]
        if not len(rows) or source is None:
            continue
        if carry is None:
            goes_on = is_last or not over[t, n]
            behind = -1 if goes_on or t + 1 == steps else int(index[t + 1, n])
            if envs > 1:
                rows = rows[(first.rows[rows] == envs) & (first.place[rows] == n)]
            row = _asked(first, rows, goes_on=goes_on, behind=behind) if len(rows) else -1
        else:
            apart = np.abs((first.data[rows] - carry[0](np.asarray(source)[n])) / carry[1]).max(axis=1)
            # a call with a row for each environment has this one's at its own place, however alike the others are
            own = (first.rows[rows] == envs) & (first.place[rows] == n) & (apart < 1.0)
            apart = np.where(own, apart, np.inf) if own.any() else apart
            row = int(rows[apart.argmin()]) if apart.min() < 1.0 else -1
        if row >= 0:
            (last if is_last else successor[t])[n] = said[row]
    return {"successor": successor, "last": last}


def _asked(first: CallRows, rows: Array, *, goes_on: bool, behind: int) -> int:
    """Which of the calls between two steps of one environment was made for the state just reached; -1 for none.

    Told by their order: of several, the state that an episode ended in comes first, the one to go on from last. A call
    on the state that is acted in next, of row `behind`, was made for that one.
    """
    order = rows[np.argsort(first.order[rows], kind="stable")]
    row = int(order[-1] if goes_on else order[0])
    return -1 if behind >= 0 and np.array_equal(first.data[row], first.data[behind]) else row
