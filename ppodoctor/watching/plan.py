"""Which backward calls to read: all of the first updates' first epoch, then a few per update within a time budget."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

import numpy as np

from ppodoctor.specimens import RolloutSpecimen, next_specimen

SHARE = 0.004
"""Part of the script's time that full readings after the first updates may take at first, with what they write."""
GLIMPSE_SHARE = 0.002
"""Part of it that glimpses may take."""
EARLY_SECONDS, LATE = 20.0, 0.4
"""Later than that a script changes slowly: it is read for so much of these parts of the time."""
MUST = 3
"""The first updates are read whatever they cost."""
WHOLE = 2
"""Those of them whose first epoch is read call by call."""
ENOUGH = 4096
"""Environment steps of the first two rollouts that show enough: then only the first update's epoch is read call by
call, and the third rollout is not kept."""
FEW, COMMON = 4, 8
"""Where fewer terminations or time limits than `FEW` are in the rollouts that were kept, although `COMMON` more have
come by now, the next rollout is kept out of turn: what is done at such ends can be seen nowhere else."""
KINDS = 6
"""Kinds of losses whose first call is kept whenever it comes."""
OUT_OF_TURN = 2
"""Times that this is done for terminations, and for time limits."""
MUST_CALLS = 64
"""Backward calls of one kind read at the most in such an update."""
MUST_SECONDS = 0.2
"""Processor time after which no further whole epoch is read in the first updates, only calls spread over them."""


class Plan:
    """Decides per backward call, from what the last update looked like."""

    def __init__(self) -> None:
        self.lasted: Callable[[], float] = _since_now()
        self.spent = 0.0
        """Processor seconds in the watch, all told."""
        self._full = 0.0
        self._glimpses = 0.0
        self._must = 0.0
        self._may_read = True
        self._may_glimpse = True
        self._counts: Dict[Any, int] = {}
        self._last: Dict[Any, int] = {}
        self._order: List[Any] = []
        self._last_order: List[Any] = []
        """Kinds of loss of the calls of this update, and of the last, one after the other."""
        self._ends: List[int] = []
        """Calls of the last update that were the first or the last of their kind, by their place in it; or its end."""
        self._rows: Dict[Any, int] = {}
        self._kept: Set[Any] = set()
        """Kinds of losses of which a call was read with its tensors."""
        self._ends_kept, self._out_of_turn = [0, 0], [0, 0]
        """Terminations and time limits in the rollouts that were kept; rollouts kept out of turn for them."""
        self._whole = True
        self._blind = False
        """Nothing is read in this update: all its calls but the first need only be counted."""
        self.specimen = True
        """Are this update's raw tensors kept?"""
        self.specimen_next = True
        self.update = 0

    def begin(self, update: int, steps: int, ends: Tuple[int, int] = (0, 0)) -> None:
        """A new update begins, after so many environment steps, terminations and time limits in all."""
        self.update = update
        self._last, self._counts, self._rows = self._counts, {}, {}
        self._last_order, self._order = self._order, []
        many = steps >= ENOUGH and update > 1
        self.specimen = self.specimen_next
        in_turn = next_specimen(update) == update + 1 and not (many and update < MUST)
        self.specimen_next = in_turn or (update > WHOLE and self._lacks(ends))
        elapsed = self.lasted()
        counted = min(elapsed, EARLY_SECONDS) + LATE * max(0.0, elapsed - EARLY_SECONDS)
        self._may_read = self._full < SHARE * counted
        self._may_glimpse = self._glimpses < GLIMPSE_SHARE * counted
        self._whole = update <= WHOLE and not many and self._must < MUST_SECONDS
        self._blind = not (self._in_full() or self._may_read or self._may_glimpse)
        whole = [len(self._last_order)] if self._blind else _ends(self._last_order)
        self._ends = [] if self._in_full() else whole

    def _lacks(self, ends: Tuple[int, int]) -> bool:
        """Have ends of a kind become common that the rollouts kept so far show too seldom?"""
        for kind, count in enumerate(ends):
            few = self._ends_kept[kind] < FEW and count >= self._ends_kept[kind] + COMMON
            if few and self._out_of_turn[kind] < OUT_OF_TURN:
                self._out_of_turn[kind] += 1
                return True
        return False

    def kept(self, rollouts: Sequence[RolloutSpecimen]) -> None:
        """These rollouts of the update that begins were kept."""
        for rollout in rollouts:
            self._ends_kept[0] += int(np.sum(rollout.terminated))
            self._ends_kept[1] += int(np.sum(rollout.truncated))

    def _in_full(self) -> bool:
        """Is this update read in full, not at its ends alone?"""
        return self.specimen and (self.update <= MUST or self._may_read)

    def expected(self) -> Any:
        """The kind of loss that comes now, where nothing is read and this update goes like the last; else None."""
        place = len(self._order)
        return self._last_order[place] if self._blind and place < len(self._last_order) else None

    def passing(self) -> int:
        """How many calls from here on need only be counted: of an update read at its ends that goes like the last."""
        place = len(self._order)
        return next((end - place for end in self._ends if end >= place), 0)

    def passed(self, count: int) -> None:
        """So many calls were not looked at: they were of the kinds that came there in the last update."""
        place = len(self._order)
        for kind in self._last_order[place : place + count]:
            self._order.append(kind)
            self._counts[kind] = self._counts.get(kind, 0) + 1

    def charge(self, seconds: float, *, glimpse: bool) -> None:
        """A reading (or what it made necessary later) took so long."""
        if glimpse:
            self._glimpses += seconds
        elif self.update > MUST:
            self._full += seconds

    def must(self, seconds: float) -> None:
        """Processor time of a full reading in the first updates; wall time would make them differ on a busy machine."""
        self._must += seconds

    def wants(self, kind: Any, rollout: int, *, glimpse: bool) -> Tuple[bool, bool]:
        """(read this call?, keep its tensors?) for a backward call of a kind of loss.

        An update is read at both ends or not at all: its first minibatch tells the ratio before any step, its last one
        how far the policy went. `glimpse` says whether this kind can be read at a glance.
        """
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        self._order.append(kind)
        before = self._last.get(kind, 0)
        ends = count == 0 or (before > 1 and count == before - 1)
        new = kind not in self._kept and len(self._kept) < KINDS
        if new:
            self._kept.add(kind)
        if self._in_full():
            whole = self._whole and count < MUST_CALLS and self._rows.get(kind, 0) < rollout
            quarter = before > 1 and count % max(before // 4, 1) == 0
            return whole or ends or quarter or count < 2, True
        # a loss that comes up late, behind a warm-up or a stop at once, was never seen
        return new or (ends and (self._may_glimpse if glimpse else self._may_read)), new

    def saw(self, kind: Any, rows: int) -> None:
        """A call of this kind was read and had so many samples."""
        self._rows[kind] = self._rows.get(kind, 0) + rows

    def kinds(self) -> Set[Any]:
        """Kinds of losses seen in this update or the last."""
        return set(self._counts) | set(self._last)

    def calls(self) -> int:
        """Backward calls of the current update so far."""
        return len(self._order)


def _since_now() -> Callable[[], float]:
    """A clock that starts at 0, in seconds: the wall's, or the processor time of this process where that is less.

    A script that waits, or that was stopped for a while, gives no time to spend; nor do many busy threads give more.
    """
    wall, own = time.perf_counter(), time.process_time()
    return lambda: min(time.perf_counter() - wall, time.process_time() - own)


def _ends(order: List[Any]) -> List[int]:
    """Places at which a kind of loss comes for the first or for the last time."""
    first = {kind: place for place, kind in reversed(list(enumerate(order)))}
    last = {kind: place for place, kind in enumerate(order)}
    return sorted({*first.values(), *last.values()})
