"""The signals that reach us while a command runs: noticed, not obeyed, so that the command gets each of them once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

CAUGHT = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
SI_KERNEL = 0x80  # asm-generic/siginfo.h: the terminal sends so, to its whole foreground group


@dataclass(frozen=True)
class Received:
    """A signal, and whether the command below has certainly got it from where we got it."""

    signum: int
    shared: bool


class Signals:
    """Holds the signals of a with block back and hands them out by `wait`.

    A signal that is ignored when the block begins (nohup) stays ignored. Outside of the main thread nothing is caught.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._mask: set[int | signal.Signals] | None = None
        self._arrived: list[Received] = []

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for signum in CAUGHT:
                if signal.getsignal(signum) is not signal.SIG_IGN:
                    self._handlers[signum] = signal.signal(signum, self._handle)
            if hasattr(signal, "sigtimedwait"):
                # Held back they wait for us with their sender's name on them; a handler would not see it.
                self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, [*self._handlers, signal.SIGCHLD])
        return self

    def __exit__(self, *_: object) -> None:
        if self._mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        for signum, handler in self._handlers.items():
            signal.signal(signum, handler)

    def wait(self, seconds: float) -> list[Received]:
        """The signals of the next `seconds`; returns earlier when one arrives or a child changes its state."""
        if self._mask is None:
            time.sleep(min(seconds, 0.05))
        else:
            info = signal.sigtimedwait([*self._handlers, signal.SIGCHLD], max(0.0, seconds))
            # After a stop (Ctrl-Z) that outlasts the timeout Python returns a record that nothing was written into.
            if info is not None and info.si_signo in self._handlers:
                self._arrived.append(Received(info.si_signo, info.si_code == SI_KERNEL))
        arrived, self._arrived = self._arrived, []
        return arrived

    def _handle(self, signum: int, _: FrameType | None) -> None:
        # Another thread was given it: no name on it, so the terminal is asked whether it would have sent it.
        self._arrived.append(Received(signum, signum != signal.SIGTERM and _in_foreground()))


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return False
