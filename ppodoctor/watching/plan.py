"""Which backward calls to read: all of the first updates' first epoch, then a few per update within a time budget."""

from __future__ import annotations

import time
from typing import Any, Dict, Set, Tuple

SHARE = 0.02
"""Part of the script's wall time that readings after the first updates may take."""
MUST = 3
"""The first updates are read whatever they cost."""
MUST_CALLS = 64
"""Backward calls of one kind read at the most in such an update."""


class Plan:
    """Decides per backward call, from what the last update looked like."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.spent = 0.0
        self._first_spent = 0.0
        self._optional = True
        self._counts: Dict[Any, int] = {}
        self._last: Dict[Any, int] = {}
        self._rows: Dict[Any, int] = {}
        self.specimen = True
        self.update = 0

    def begin(self, update: int) -> None:
        """A new update begins."""
        self.update = update
        self._last, self._counts, self._rows = self._counts, {}, {}
        self.specimen = self.is_specimen(update)
        if update == MUST + 1:
            self._first_spent = self.spent
        self._optional = self.affordable()

    def is_specimen(self, update: int) -> bool:
        """Are this update's raw tensors kept? The first three, then at 4, 8, 16, ..."""
        return update <= MUST or (update & (update - 1)) == 0

    def affordable(self) -> bool:
        """Is there time left in the budget for an optional reading?"""
        return self.spent - self._first_spent < SHARE * (time.perf_counter() - self.began)

    def wants(self, kind: Any, rollout: int) -> Tuple[bool, bool]:
        """(read this call?, keep its tensors?) for a backward call of a kind of loss.

        An update is read at both ends or not at all: its first minibatch tells the ratio before any step, its last one
        how far the policy went.
        """
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        before = self._last.get(kind, 0)
        ends = count == 0 or (before > 1 and count == before - 1)
        if self.specimen and (self.update <= MUST or self._optional):
            whole = count < MUST_CALLS and self._rows.get(kind, 0) < rollout
            quarter = before > 1 and count % max(before // 4, 1) == 0
            return whole or ends or quarter or count < 2, True
        return ends and self._optional, False

    def saw(self, kind: Any, rows: int) -> None:
        """A call of this kind was read and had so many samples."""
        self._rows[kind] = self._rows.get(kind, 0) + rows

    def kinds(self) -> Set[Any]:
        """Kinds of losses seen in this update or the last."""
        return set(self._counts) | set(self._last)

    def calls(self) -> int:
        """Backward calls of the current update so far."""
        return sum(self._counts.values())
