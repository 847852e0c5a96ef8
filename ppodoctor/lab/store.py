"""The lab's memory: trials and what they came to, in a file or a database that several processes share.

A trial is claimed before it is run, so that two processes never run the same one. A claim is good as long as its
process lives; what a killed process had claimed is free again. Results are written when a trial ends, each in a
transaction of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ppodoctor.lab.owners import owner
from ppodoctor.lab.sqlite import Base, LabError, SqliteBase, Statements
from ppodoctor.lab.trial import Trial, TrialResult

POSTGRES = ("postgresql://", "postgres://")
COLUMNS = {
    "trial": "key TEXT PRIMARY KEY, trial TEXT NOT NULL, owner TEXT, claimed FLOAT8, result TEXT, ended FLOAT8",
    "setting": "number INTEGER PRIMARY KEY, settings TEXT NOT NULL",
    "fact": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
}
TABLES = [f"CREATE TABLE IF NOT EXISTS {name} ({columns})" for name, columns in COLUMNS.items()]
CLAIM = (
    "INSERT INTO trial (key, trial, owner, claimed) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, claimed = excluded.claimed"
)


class Store:
    """The trials of one study.

    Args:
        folder: Of the study.
        url: Of a PostgreSQL database, in which the folder's name is the study's; empty for SQLite in the folder.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self._read: dict[str, TrialResult] = {}
        """Results never change, so each is read once."""
        self.base: Base = _postgres(url, folder) if url else SqliteBase(folder)
        self.base.atomically(lambda run: [run(table) for table in TABLES])

    def claim(self, trial: Trial) -> bool:
        """Take a trial that has no result and that no living process works on. False where that is not so."""
        key, text, me = trial.key, json.dumps(trial.to_dict(), default=str), owner()

        def work(run: Statements) -> bool:
            row = next(iter(run("SELECT owner, result FROM trial WHERE key = ?", [key])), None)
            if row is not None and (row[1] is not None or (row[0] not in (None, me) and self.base.alive(run, row[0]))):
                return False
            run(CLAIM, [key, text, me, time.time()])
            return True

        return self.base.atomically(work)

    def release(self, key: str) -> None:
        """Give a trial back that was not run to its end."""
        statement = "UPDATE trial SET owner = NULL WHERE key = ? AND owner = ? AND result IS NULL"
        self.base.atomically(lambda run: run(statement, [key, owner()]))

    def finish(self, result: TrialResult) -> None:
        """Write what a trial came to. The first result of a trial stays."""
        values = [json.dumps(result.to_dict()), time.time(), result.key]
        statement = "UPDATE trial SET result = ?, ended = ? WHERE key = ? AND result IS NULL"
        self.base.atomically(lambda run: run(statement, values))

    def results(self, keys: Sequence[str] | None = None) -> dict[str, TrialResult]:
        """What trials came to, by key: all of them, or those asked for."""
        wanted = set(keys or ())
        if keys is not None and len(keys) < 200:
            unread = [key for key in keys if key not in self._read]
            marks = ",".join("?" * len(unread))
            ask = f"SELECT key, result FROM trial WHERE result IS NOT NULL AND key IN ({marks})"
            self._take(self.base.rows(ask, unread) if unread else [])
            return {key: self._read[key] for key in keys if key in self._read}
        ended = {key for (key,) in self.base.rows("SELECT key FROM trial WHERE result IS NOT NULL")}
        if not ended <= self._read.keys():
            self._take(self.base.rows("SELECT key, result FROM trial WHERE result IS NOT NULL"))
        return {key: one for key, one in self._read.items() if keys is None or key in wanted}

    def _take(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for key, text in rows:
            if key not in self._read:
                self._read[key] = TrialResult.from_dict(json.loads(text))

    def agree(self, name: str, value: str) -> str:
        """The value that the study has under this name: the one given, where it had none."""

        def work(run: Statements) -> str:
            run("INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO NOTHING", [name, value])
            return str(run("SELECT value FROM fact WHERE name = ?", [name])[0][0])

        return self.base.atomically(work)

    def close(self) -> None:
        """Let go of the file, or of the database."""
        self.base.close()


def _postgres(url: str, folder: Path) -> Base:
    if not url.startswith(POSTGRES):
        raise LabError(f"{url.partition(':')[0]}: is no storage; postgresql://USER@HOST/DATABASE was expected")
    from ppodoctor.lab.postgres import PostgresBase

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{folder} cannot be made ({error.strerror}); choose another folder with --out") from None
    return PostgresBase(url, folder.resolve().name)
