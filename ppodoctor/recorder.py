"""The one writer of Runs: append-only rows, flushed as they come, readable at any moment and after a kill.

Loaded inside the watched process too: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from ppodoctor.records import SCHEMA, EpisodeRecord, Note, UpdateRecord, to_dict

DISK_BUDGET = 256 * 1024 * 1024
"""Bytes a run may write before specimens and source stop; rows go on."""


class Recorder:
    """Writes one run folder. Never raises on a full or read-only disk: it stops writing and remembers why."""

    def __init__(self, folder: Path, *, producer: str, disk_budget: int = DISK_BUDGET) -> None:
        self.folder = folder
        self.header: Dict[str, Any] = {"schema": SCHEMA, "producer": producer, "status": "running"}
        self.notes: List[Note] = []
        self.problem: Optional[str] = None
        self._left = disk_budget
        self._files: Dict[str, Any] = {}
        self._guard(lambda: (folder / "specimens").mkdir(parents=True, exist_ok=True))

    def update(self, record: UpdateRecord) -> None:
        """Append one policy update."""
        self.updates([record])

    def updates(self, records: Sequence[UpdateRecord]) -> None:
        """Append policy updates."""
        if self.problem is None:
            self._write("updates.jsonl", "".join(_line(to_dict(record)) for record in records))

    def episode(self, record: EpisodeRecord) -> None:
        """Append one finished episode; flushed with the next update."""
        if self.problem is None:
            self._write("episodes.jsonl", _line(dict(vars(record))), flush=False)  # flat, and there may be many

    def lines(self, updates: str, episodes: str) -> None:
        """Append many of both at once, JSON lines already: rows as `update` and `episode` write them."""
        self._write("episodes.jsonl", episodes, flush=False)
        self._write("updates.jsonl", updates)

    def note(self, tap: str, text: str, remedy: str = "") -> None:
        """Say, once, what could not be seen."""
        note = Note(tap, text, remedy)
        if note not in self.notes:
            self.notes.append(note)

    def describe(self, **facts: Any) -> None:
        """Set top-level facts of run.json and write it (atomically, so a reader never sees half of it)."""
        self.header.update(facts)
        self.header["notes"] = [to_dict(note) for note in self.notes]
        # a line for each fact: with indent, json leaves its fast encoder, and a long header takes 10 ms instead of 1
        lines = [f"{json.dumps(name)}: {json.dumps(fact, default=str)}" for name, fact in _finite(self.header).items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        self._guard(lambda: _replace(self.folder / "run.json", text))

    def specimen(self, name: str, save: Callable[[Path], None]) -> bool:
        """Let `save` write specimens/<name>.npz by way of a temporary name; False when budget or disk is spent."""
        if self._left <= 0 or self.problem is not None:
            return False
        final = self.folder / "specimens" / f"{name}.npz"
        partial = final.with_name(f".{name}.npz")
        if not self._guard(lambda: save(partial)):
            return False
        self._guard(lambda: os.replace(partial, final))
        self._spend(final.stat().st_size if final.exists() else 0)
        return self.problem is None

    def source(self, name: str, text: str) -> None:
        """Keep the text of one of the script's files under source/."""
        if self._left <= 0:
            return
        path = self.folder / "source" / name
        self._guard(lambda: path.parent.mkdir(parents=True, exist_ok=True))
        self._guard(lambda: path.write_text(text, encoding="utf-8", errors="replace"))
        self._spend(len(text))

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        for handle in self._files.values():
            self._guard(handle.flush)

    def close(self, status: str, **facts: Any) -> None:
        """Write the last state ("finished", "stopped" or "crashed") and close the files."""
        self.flush()
        self.describe(status=status, **facts)
        for handle in self._files.values():
            self._guard(handle.close)
        self._files.clear()

    def _write(self, name: str, text: str, *, flush: bool = True) -> None:
        if self.problem is not None:
            return
        handle = self._files.get(name)
        if handle is None and not self._guard(lambda: self._open(name)):
            return
        handle = self._files[name]
        self._guard(lambda: handle.write(text))
        self._spend(len(text))
        if flush:
            self.flush()

    def _open(self, name: str) -> None:
        self._files[name] = open(self.folder / name, "a", encoding="utf-8")  # noqa: SIM115 - kept open for the run

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left <= 0:
            self.note("recorder", "the run folder's disk budget is spent; later specimens were not kept")

    def _guard(self, action: Callable[[], Any]) -> bool:
        """Run an action on the disk; on failure stop recording and let the script go on."""
        try:
            action()
        except OSError as error:
            if self.problem is None:
                self.problem = f"recording stopped: {error.strerror or error} ({self.folder})"
                self.note("recorder", self.problem, "free the disk or choose another folder with --out")
            return False
        return True


def numbered_folder(home: Path, name: str) -> Path:
    """HOME/NAME-NUMBER with the first number that is free, made here."""
    for number in itertools.count(1):
        folder = home / f"{name}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError  # itertools.count does not end


def _replace(path: Path, text: str) -> None:
    partial = path.with_name("." + path.name)
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


_STRICT = json.JSONEncoder(allow_nan=False, default=str)


def _line(row: Dict[str, Any]) -> str:
    try:
        return _STRICT.encode(row) + "\n"
    except ValueError:
        return _STRICT.encode(_finite(row)) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no NaN: a non-finite number becomes the string it would print as, read back by Run.load."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
