"""Ctrl-C and SIGTERM end a training at a whole update, so that everything can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

REASONS = {signal.SIGINT: "stopped by Ctrl-C", signal.SIGTERM: "stopped by SIGTERM"}


@contextmanager
def stopped_by_signals(stop: Callable[[str], None]) -> Iterator[list[int]]:
    """Call `stop` with a reason at the first Ctrl-C or SIGTERM; the second one raises KeyboardInterrupt at once.

    Yields a list that receives the signals. Only the main thread may catch them, and only those that nobody else
    caught before; what was there is put back at the end.
    """
    caught: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        if len(caught) > 1:
            raise KeyboardInterrupt
        stop(REASONS[signal.Signals(number)])

    before = {}
    if threading.current_thread() is threading.main_thread():
        free = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
        before = {number: old for number, old in free.items() if signal.getsignal(number) is old}
    try:
        for number in before:
            signal.signal(number, handle)
        yield caught
    finally:
        for number, old in before.items():
            signal.signal(number, old)
