"""Which backward calls to read: all of the first updates' first epoch, then a few per update within a time budget."""

from __future__ import annotations

import time
from typing import Any, Dict, Tuple

SHARE = 0.025
"""Part of the script's wall time that optional readings may take."""
MUST = 3
"""The first updates are read whatever they cost."""
MUST_CALLS = 64
"""Backward calls of one kind read at the most in such an update."""


class Plan:
    """Decides per backward call, from what the last update looked like."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.spent = 0.0
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

    def is_specimen(self, update: int) -> bool:
        """Are this update's raw tensors kept? The first three, then at 4, 8, 16, ..."""
        return update <= MUST or (update & (update - 1)) == 0

    def affordable(self) -> bool:
        """Is there time left in the budget for an optional reading?"""
        return self.spent < SHARE * (time.perf_counter() - self.began)

    def wants(self, kind: Any, rollout: int) -> Tuple[bool, bool]:
        """(read this call?, keep its tensors?) for a backward call of a kind of loss."""
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        before = self._last.get(kind, 0)
        sampled = count == 0 or (before > 1 and (count == before - 1 or count % max(before // 4, 1) == 0))
        if self.specimen and (self.update <= MUST or self.affordable()):
            whole = count < MUST_CALLS and self._rows.get(kind, 0) < rollout
            return whole or sampled or count < 2, True
        return sampled and self.affordable(), False

    def saw(self, kind: Any, rows: int) -> None:
        """A call of this kind was read and had so many samples."""
        self._rows[kind] = self._rows.get(kind, 0) + rows

    def calls(self) -> int:
        """Backward calls of the current update so far."""
        return sum(self._counts.values())
