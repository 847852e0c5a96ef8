"""Counts the backward calls and optimizer steps that are not looked at: most of a long run.

The script's own work fills the processor's caches, so that every function called here costs about a microsecond. Loaded
inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple


class Quiet:
    """On from an optimizer step until the next loss is looked at."""

    def __init__(self) -> None:
        self.on = False
        """Clipping is not looked at, and steps are only counted."""
        self.calls = 0
        """Backward calls to come that are only counted; whoever counts one takes it off."""
        self._expected = 0
        self._steps: Dict[int, List[Any]] = {}

    def begin(self, calls: int) -> None:
        """From now on only count; the next `calls` backward calls, too."""
        self.on, self.calls, self._expected = True, calls, calls

    def know(self, optimizer: Any) -> None:
        """Steps of this optimizer, which must stay alive, may be counted."""
        self._steps.setdefault(id(optimizer), [optimizer, 0, None])

    def stepped(self, optimizer: Any) -> bool:
        """An optimizer took a step; says whether it was counted here."""
        one = self._steps.get(id(optimizer)) if self.on else None
        if one is None:
            return False
        one[1] += 1
        one[2] = optimizer.param_groups[0]["lr"]
        return True

    def end(self) -> Tuple[int, List[Tuple[Any, int, Any]]]:
        """(backward calls, [(optimizer, steps, learning rate at the last)]) counted since `begin`."""
        calls = self._expected - self.calls
        steps = [(optimizer, count, rate) for optimizer, count, rate in self._steps.values() if count]
        for one in self._steps.values():
            one[1] = 0
        self.on, self.calls, self._expected = False, 0, 0
        return calls, steps
