"""Which environments the script trains on, and which it only evaluates in.

Three things tell them apart: the rows of the minibatches are steps of the one and never of the other; where an
environment is stepped now and then, the others supply as many steps to those updates as to all; and an environment
that is stepped only after the last update teaches nobody.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, Optional, Sequence, Set

import numpy as np

from ppodoctor.measures.acting import row_keys
from ppodoctor.specimens import RolloutSpecimen

Array = Any
_LEAST = 8
"""Rows that no other stream has, without which a stream's absence from the minibatches means nothing."""
_WHOLE = 0.9
"""Share of the trained rows that must have been met before others count as left out."""
_USUAL = 0.8
"""Part of their usual steps that the trained streams supply at least where another stream is on top."""
_CUTS = 3
"""Cuts with and without a stream before the steps beside it are compared."""
_REMEMBERED = 128
"""Cuts whose steps are compared."""


class TrainStreams:
    """Learns from cuts and minibatches. Says nothing while a script steps one stream only."""

    def __init__(self) -> None:
        self.trained: Set[int] = set()
        """Streams whose steps were met in minibatches."""
        self._left_out: Set[int] = set()
        self._cuts: Deque[Dict[int, int]] = deque(maxlen=_REMEMBERED)
        self._fed: Set[int] = set()
        self._own: Dict[int, Array] = {}
        self._met: Dict[int, Set[int]] = {}

    def cut(self, rows: Dict[int, int]) -> None:
        """An update begins: steps that each stream took since the last one."""
        self._cuts.append(rows)
        self._fed.update(rows)

    def rollouts(self, found: Sequence[RolloutSpecimen]) -> None:
        """The observations of an update's rollouts."""
        self._judge()
        self._met = {}
        keys = {one.stream: np.unique(row_keys(_rows(one))) for one in found} if len(found) > 1 else {}
        self._own = {stream: _only(keys, stream) for stream in keys}

    def minibatch(self, inputs: Optional[Array]) -> None:
        """What went into the first layer [B, D] of a minibatch of that update."""
        if not self._own or inputs is None or np.ndim(inputs) not in (2, 3):
            return
        keys = row_keys(np.asarray(inputs).reshape(-1, np.shape(inputs)[-1]))
        for stream, own in self._own.items():
            self._met.setdefault(stream, set()).update(own[np.isin(own, keys)].tolist())

    def evaluating(self, seen: Sequence[int]) -> Set[int]:
        """Of the streams seen so far, those that only evaluate."""
        if len(seen) < 2:
            return set()
        self._judge()
        if not self.trained:
            return set()
        return {one for one in seen if one not in self.trained and (one in self._left_out or self._on_top(one))}

    def ended(self, seen: Sequence[int]) -> Set[int]:
        """The same when no further update will come."""
        return self.evaluating(seen) | ({one for one in seen if one not in self._fed} if self._fed else set())

    def _judge(self) -> None:
        """What the minibatches of the last rollouts say."""
        met = {stream for stream, keys in self._met.items() if keys}
        self.trained |= met
        size = sum(len(self._own[stream]) for stream in met)
        if size and sum(len(keys) for keys in self._met.values()) >= _WHOLE * size:
            self._left_out |= {stream for stream, own in self._own.items() if len(own) >= _LEAST and stream not in met}

    def _on_top(self, stream: int) -> bool:
        """Do the trained streams supply their usual number of steps where this one is stepped as well?"""
        beside = [sum(n for one, n in rows.items() if one in self.trained) for rows in self._cuts if stream in rows]
        alone = [sum(n for one, n in rows.items() if one in self.trained) for rows in self._cuts if stream not in rows]
        if len(beside) < _CUTS or len(alone) < _CUTS:
            return False
        return float(np.median(beside)) >= _USUAL * float(np.median(alone))


def _rows(rollout: RolloutSpecimen) -> Array:
    obs = np.asarray(rollout.obs)
    return obs.reshape(-1, obs.shape[-1])


def _only(keys: Dict[int, Array], stream: int) -> Array:
    """Keys that no other stream has."""
    others = [own for one, own in keys.items() if one != stream]
    return keys[stream][~np.isin(keys[stream], np.concatenate(others))] if others else keys[stream]
