"""When everything that runs has to end: a deadline, or somebody's Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Asked by whatever runs trials, between two of its updates.

    Args:
        seconds: Of wall time from now until `reason` says that they are over; None for no limit.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.signal = 0
        """The signal that asked for the end, such as 2 for Ctrl-C, or 0."""
        self._reason = ""
        self._whole: Stop | None = None

    def part(self, share: float) -> Stop:
        """A stop after this share of the time that is left, and whenever this one says so."""
        found = Stop(None if self.left is None else share * self.left)
        found._whole = self
        return found

    @property
    def reason(self) -> str:
        """Why to end now; empty to go on."""
        if not self._reason and self.deadline is not None and time.monotonic() >= self.deadline:
            return "the time is over"
        return self._reason or (self._whole.reason if self._whole is not None else "")

    @property
    def left(self) -> float | None:
        """Seconds until the deadline, None without one."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def request(self, reason: str) -> None:
        """Ask for the end. Safe in a signal handler."""
        from ppodoctor.core import cancel

        self._reason = self._reason or reason
        cancel()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM ask for the end; a second one raises KeyboardInterrupt at once."""
        from ppodoctor.training.signals import stopped_by_signals

        with stopped_by_signals(self.request) as caught:
            try:
                yield
            finally:
                self.signal = caught[0] if caught else 0
