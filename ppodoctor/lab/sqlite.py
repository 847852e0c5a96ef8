"""A study's tables in one SQLite file of its folder, shared by the processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ppodoctor.lab.owners import alive

FILE = "study.db"
WAIT = 60.0
"""Seconds to wait for another process's transaction, or for a database that went away."""
Rows = list[tuple[Any, ...]]
T = TypeVar("T")


class LabError(Exception):
    """The lab cannot go on; says what was seen and what to do."""


class Statements(Protocol):
    """Runs statements; a place for a value is written `?`."""

    def __call__(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        """The rows that it gives, none for a statement that gives none."""


class Base(Protocol):
    """Tables somewhere. Every method raises LabError where they cannot be reached."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Read."""

    def atomically(self, work: Callable[[Statements], T]) -> T:
        """Everything that `work` does or nothing, and nobody else's writing in between; it may be called twice."""

    def alive(self, run: Statements, owner: str) -> bool:
        """Does the process live that `owner` names, as far as is known here?"""

    def close(self) -> None:
        """Let go of them."""


class SqliteBase:
    """One file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(f"{folder} cannot be made ({error.strerror}); choose another folder with --out") from None
        with self._guarded():
            self.connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """SQLite's errors in words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "free some space; what is written already is intact" if "full" in str(error) else "is it writable?"
            raise LabError(f"the study in {self.path} cannot be written: {error}; {hint}") from None
        except sqlite3.DatabaseError as error:
            raise LabError(f"{self.path} is no study: {error}; choose another folder with --out") from None

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """As `Base.rows`."""
        with self._guarded():
            return self._run(statement, values)

    def _run(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        return self.connection.execute(statement, values).fetchall()

    def atomically(self, work: Callable[[Statements], T]) -> T:
        """As `Base.atomically`."""
        with self._guarded():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                found = work(self._run)
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.OperationalError):  # a full disk may have ended it already
                    self.connection.execute("ROLLBACK")
                raise
        return found

    def alive(self, run: Statements, owner: str) -> bool:
        """As `Base.alive`; one of another machine is taken to live."""
        return alive(owner) is not False

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
