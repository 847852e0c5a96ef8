"""What shows while training: one line that renews itself on a terminal, rare plain lines elsewhere."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import deque
from pathlib import Path
from typing import TextIO

from ppodoctor.config import PPOConfig
from ppodoctor.training.loop import Trainer, Update

EVERY, FIRST_LINE = 0.2, 5.0
"""Seconds between two renewals on a terminal; seconds to the second plain line of a log, doubling from there."""


SHOWN = (
    ("approx_kl", "KL", ".4f"),
    ("clip_fraction", "clip", ".0%"),
    ("entropy", "entropy", ".3g"),
    ("explained_variance", "explained", ".2f"),
)
"""Column, word and form of what the line holds."""


class Progress:
    """Shows how far training is and how it goes; an observer of the loop."""

    skips = True

    def __init__(self, stream: TextIO, config: PPOConfig, *, alive: bool) -> None:
        self.stream, self.config, self.alive = stream, config, alive
        self.returns: deque[float] = deque(maxlen=100)
        self.began = time.perf_counter()
        self._next = 0.0
        self._skipped = 0
        """Steps taken before this process, in a run that is gone on with."""
        self._wait = FIRST_LINE

    def begin(self, trainer: Trainer, folder: Path) -> None:
        """Training begins, or goes on."""
        self._skipped, self.began = trainer.steps, time.perf_counter()
        self._write(f"ppodoctor: {trainer.backend}\n")

    def __call__(self, trainer: Trainer, update: Update) -> None:
        self.returns.extend(one.episode.ret for one in update.episodes[-100:])
        now = time.perf_counter() - self.began
        last = update.number == self.config.updates
        if now < self._next and not last:
            return
        if self.alive:
            self._next = now + EVERY
            width = max(shutil.get_terminal_size().columns - 1, 20)
            self._write("\r\x1b[K" + self.text(update, now, width))
        else:
            self._next, self._wait = now + self._wait, 2 * self._wait
            self._write(f"ppodoctor: {self.text(update, now)}\n")

    def text(self, update: Update, elapsed: float, width: int = 200) -> str:
        """45% 46,080 steps, 62,000/s, 3 s left | return 212 | KL 0.0081, clip 9%, ... | ok.

        Where that is too wide, numbers at the end give way; the mark stays.
        """
        total = self.config.updates * self.config.batch_size
        rate = (update.step - self._skipped) / max(elapsed, 1e-9)
        parts = [
            f"{update.step / total:.0%} {update.step:,} steps, {rate:,.0f}/s, {_left((total - update.step) / rate)}"
        ]
        if self.returns:
            parts.append(f"return {sum(self.returns) / len(self.returns):.4g}")
        columns = update.learned.columns
        numbers = [f"{word} {columns[name]:{form}}" for name, word, form in SHOWN if name in columns]
        mark = health(columns)
        while True:
            line = " | ".join([*parts, *([", ".join(numbers)] if numbers else []), mark])
            if len(line) <= width or not numbers:
                return line[:width]
            numbers.pop()

    def close(self) -> None:
        """Leave the line standing."""
        if self.alive:
            self._write("\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self.stream.write(text)
            self.stream.flush()


def health(columns: dict[str, float]) -> str:
    """A mark from the last update alone; the diagnosis at the end knows more. Bounds are those of the checks' rules."""
    if columns.get("approx_kl", 0.0) > 0.1:
        return "! large steps"
    if columns.get("ratio_first", 0.0) > 1e-3:
        return "! ratio not 1 at first"
    if columns.get("entropy_share", 1.0) < 0.01:
        return "! entropy gone"
    return "ok"


def _left(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s left"
    return f"{seconds / 60:.0f} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"
