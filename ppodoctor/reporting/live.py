"""What shows while a command is watched: a line that renews itself on a terminal, rare plain lines elsewhere."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ppodoctor.diagnosis import diagnose
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, Diagnosis
from ppodoctor.reporting.words import count, duration, number, one_line, share
from ppodoctor.run import Run, RunError

SURE = 0.95
"""Confidence from which a cause ends a watch that lasts until it is sure."""
SPARE, EAGER = 20, 5
"""A diagnosis in between may take one part in so many of the time: the script needs the processor. Who wants to stop
as soon as it is sure gets the second number, since each look may spare the rest of the run."""
FIRST_LOOK, EVERY = 2.0, 4.0
"""Seconds before the first diagnosis in between, and at least between two of them."""
RECENT_EPISODES = 20
FEWEST_UPDATES = 10
"""Updates before a return that rises counts as a sign of health: the first ones may rise by luck."""


class Clock:
    """The time, and the processor time that this process has spent; a test brings its own."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def spent(self) -> float:
        """Seconds of processor time, which a busy machine does not stretch."""
        return time.process_time()


class Look:
    """Diagnoses the run so far, seldom enough to cost the script nothing that it would notice."""

    def __init__(
        self, folder: Path, load: Callable[[Path], Run], *, spare: int = SPARE, clock: Clock | None = None
    ) -> None:
        self.folder = folder
        self.load = load
        self.spare = spare
        self.clock = clock or Clock()
        self.latest: Diagnosis | None = None
        self.updates = 0
        self._next = self.clock.now() + FIRST_LOOK
        self._judged: Diagnosis | None = None
        self._agreed = ""

    def again(self) -> bool:
        """Diagnose, if it is time for it; True when `latest` is new."""
        if self.clock.now() < self._next:
            return False
        began = self.clock.spent()
        try:
            run = self.load(self.folder)
        except RunError:
            self._next = self.clock.now() + EVERY
            return False
        new = diagnose(run) if run.updates else None
        self.latest, self.updates = new or self.latest, len(run.updates)
        self._next = self.clock.now() + max(EVERY, self.spare * (self.clock.spent() - began))
        return new is not None

    def sure(self) -> str | None:
        """A sentence once two diagnoses in a row are sure of the same; for a watch that lasts until then."""
        self.again()
        if self.latest is None or self.latest is self._judged:  # the view may have looked before, but not judged
            return None
        self._judged = self.latest
        found = certain(self.latest, self.updates)
        before, self._agreed = self._agreed, found
        return found if found and found == before else None

    @property
    def suspicion(self) -> str:
        """The first cause so far, in a few words."""
        if self.latest is None or not self.latest.causes:
            return ""
        first = self.latest.causes[0]
        return f"suspects {first.id} ({share(first.confidence)})"


def certain(diagnosis: Diagnosis, updates: int) -> str:
    """Why one may stop watching: a cause that is as good as certain, or a run that is seen to learn; else nothing."""
    if diagnosis.verdict == CAUSE_FOUND:
        sure = [cause for cause in diagnosis.causes if cause.confidence >= SURE]
        return f"sure of {sure[0].id}" if sure else ""
    learns = diagnosis.learning.get("status") in ("learned", "improving") and updates >= FEWEST_UPDATES
    return "sure that the run is healthy" if diagnosis.verdict == HEALTHY and learns else ""


@dataclass
class Progress:
    """How far the run is, read from the new lines of its files alone."""

    folder: Path
    updates: int = 0
    steps: int = 0
    returns: list[float] = field(default_factory=list)
    _read: dict[Path, int] = field(default_factory=dict)

    def refresh(self) -> None:
        """Read what was written since."""
        for home in (self.folder, *sorted(self.folder.glob("workers/*"))):
            for row in self._rows(home / "updates.jsonl"):
                self.updates = max(self.updates, _int(row.get("update")))
                self.steps = max(self.steps, _int(row.get("step")))
            for row in self._rows(home / "episodes.jsonl"):
                self.steps = max(self.steps, _int(row.get("step")))
                value = row.get("ret")
                if isinstance(value, int | float) and math.isfinite(value):
                    self.returns = [*self.returns[1 - RECENT_EPISODES :], float(value)]

    def _rows(self, path: Path) -> Iterator[dict[str, Any]]:
        """Whole new lines; a line that is still being written waits for the next time."""
        try:
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                text = file.read()
        except OSError:
            return
        whole = text.rfind(b"\n") + 1
        self._read[path] = self._read.get(path, 0) + whole
        for line in text[:whole].splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict):
                    yield row

    def text(self, elapsed: float, suspicion: str = "") -> str:
        """12 s, 3 updates, 6,144 steps, return 21.3, suspects ..."""
        parts = [duration(elapsed), count(self.updates, "update"), count(self.steps, "step")]
        if self.returns:
            parts.append(f"return {number(sum(self.returns) / len(self.returns))}")
        return ", ".join([*parts, suspicion] if suspicion else parts)


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


class View:
    """Shows the progress; `tick` is called about twice a second."""

    def __init__(self, stream: TextIO, look: Look) -> None:
        self.stream = stream
        self.look = look
        self.began = look.clock.now()
        self.progress = Progress(look.folder)

    @property
    def elapsed(self) -> float:
        """Seconds since it was put up."""
        return self.look.clock.now() - self.began

    def tick(self) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Line(View):
    """One line of a terminal, written over and over; what the script prints appears behind or below it."""

    def tick(self) -> None:
        """Renew the line."""
        self.progress.refresh()
        self.look.again()
        text = self.progress.text(self.elapsed, self.look.suspicion)
        width = shutil.get_terminal_size().columns - 4
        self._write(f"\r\x1b[K{one_line('ppodoctor: ' + text, max(width, 10))} | ")

    def close(self) -> None:
        """Take the line away."""
        self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self.stream.write(text)
            self.stream.flush()


class Lines(View):
    """Plain lines for a log: when the first update is seen, then at intervals that double."""

    def __init__(self, stream: TextIO, look: Look) -> None:
        super().__init__(stream, look)
        self.next = 0.0
        self.wait = 15.0

    def tick(self) -> None:
        """Write a line when it is time for one."""
        elapsed = self.elapsed
        if elapsed < self.next:
            return
        self.progress.refresh()
        if not self.progress.updates:
            return
        self.next, self.wait = elapsed + self.wait, 2 * self.wait
        with contextlib.suppress(OSError):
            print(f"ppodoctor: {self.progress.text(elapsed, self.look.suspicion)}", file=self.stream, flush=True)


@contextlib.contextmanager
def live_view(stream: TextIO, look: Look, *, quiet: bool, dumb: bool = False) -> Iterator[View]:
    """The view that suits the stream, taken away again at the end whatever happens."""
    kind = View if quiet else Line if stream.isatty() and not dumb else Lines
    view = kind(stream, look)
    try:
        yield view
    finally:
        view.close()
