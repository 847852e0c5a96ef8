"""The lab's memory: one SQLite file, shared by the processes that work in one folder.

A trial is claimed before it is run, so that two processes never run the same one. A claim is good as long as its
process lives; what a killed process had claimed is free again. Results are written when a trial ends, each in a
transaction of its own.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ppodoctor.lab.trial import Trial, TrialResult

FILE = "study.db"
WAIT = 60.0
"""Seconds to wait for another process's transaction."""
TABLES = """
CREATE TABLE IF NOT EXISTS trial (
    key TEXT PRIMARY KEY, trial TEXT NOT NULL, owner TEXT, claimed REAL, result TEXT, ended REAL
)"""


class LabError(Exception):
    """The lab cannot go on; says what was seen and what to do."""


class Store:
    """The trials of one folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._read: dict[str, TrialResult] = {}
        """Results never change, so each is read once."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(f"{folder} cannot be made ({error.strerror}); choose another folder with --out") from None
        with self.guarded():
            self.base = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
            self.base.execute("PRAGMA journal_mode=WAL")
            self.base.execute("PRAGMA synchronous=NORMAL")
            self.base.execute(TABLES)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """SQLite's errors in words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "free some space; what is written already is intact" if "full" in str(error) else "is it writable?"
            raise LabError(f"the study in {self.path} cannot be written: {error}; {hint}") from None
        except sqlite3.DatabaseError as error:
            raise LabError(f"{self.path} is no study: {error}; choose another folder with --out") from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block or nothing, and nobody else's writing in between."""
        with self.guarded():
            self.base.execute("BEGIN IMMEDIATE")
            try:
                yield self.base
                self.base.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.OperationalError):  # a full disk may have ended it already
                    self.base.execute("ROLLBACK")
                raise

    def claim(self, trial: Trial) -> bool:
        """Take a trial that has no result and that no living process works on. False where that is not so."""
        key, me = trial.key, owner()
        with self.transaction() as base:
            row = base.execute("SELECT owner, result FROM trial WHERE key = ?", (key,)).fetchone()
            if row is not None and (row[1] is not None or (row[0] and row[0] != me and alive(row[0]))):
                return False
            given = (key, json.dumps(trial.to_dict(), default=str), me, time.time())
            base.execute("INSERT OR REPLACE INTO trial (key, trial, owner, claimed) VALUES (?, ?, ?, ?)", given)
        return True

    def release(self, key: str) -> None:
        """Give a trial back that was not run to its end."""
        with self.transaction() as base:
            base.execute("UPDATE trial SET owner = NULL WHERE key = ? AND result IS NULL", (key,))

    def finish(self, result: TrialResult) -> None:
        """Write what a trial came to."""
        with self.transaction() as base:
            text = json.dumps(result.to_dict())
            base.execute("UPDATE trial SET result = ?, ended = ? WHERE key = ?", (text, time.time(), result.key))

    def results(self, keys: list[str] | None = None) -> dict[str, TrialResult]:
        """What trials came to, by key: all of them, or those asked for."""
        wanted = set(keys or ())
        with self.guarded():
            if keys is not None and len(keys) < 200:
                marks = ",".join("?" * len(keys))
                rows = self.base.execute(f"SELECT key, result FROM trial WHERE key IN ({marks})", keys).fetchall()
            else:
                rows = self.base.execute("SELECT key, result FROM trial").fetchall()
                rows = rows if keys is None else [row for row in rows if row[0] in wanted]
        for key, text in rows:
            if text is not None and key not in self._read:
                self._read[key] = TrialResult.from_dict(json.loads(text))
        return {key: self._read[key] for key, text in rows if text is not None}

    def close(self) -> None:
        """Close the file."""
        self.base.close()


@functools.cache
def _owner(pid: int) -> str:
    return json.dumps([platform.node(), pid, _started(pid)])


def owner() -> str:
    """This process, so that no later one with its number is taken for it."""
    return _owner(os.getpid())


def alive(name: str) -> bool:
    """Does the process live that `owner` named? One of another machine is taken to live."""
    host, pid, started = json.loads(name)
    if host != platform.node():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    now = _started(pid)
    return now is None or started is None or now == started


def _started(pid: int) -> int | None:
    """Clock ticks at which a process started; None where the system does not say. -1 for one that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()
    return -1 if words[0] in ("Z", "X") else int(words[19])
