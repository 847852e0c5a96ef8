"""A study's tables in a PostgreSQL database, shared by processes of any number of machines; a schema for each study.

A process says every few seconds that it lives, by the server's clock. What it had claimed is free again when it has
been silent for a while, or at once where a process of the same machine sees that it has ended. A connection that
breaks is made anew and the transaction done again, each being such that twice is as good as once.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ppodoctor.lab.owners import alive, owner
from ppodoctor.lab.sqlite import WAIT, LabError, Rows, Statements

BEAT, SILENT = 10.0, 60.0
"""Seconds between two signs of life, and from which a process is taken for dead."""
PAUSE = 0.5
"""Seconds between two tries to reach the server."""
PREFIX = "ppodoctor_"
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 10}
WORKERS = "CREATE TABLE IF NOT EXISTS worker (owner TEXT PRIMARY KEY, seen DOUBLE PRECISION NOT NULL)"
NOW = "extract(epoch from clock_timestamp())"
BEATS = f"INSERT INTO worker VALUES (?, {NOW}) ON CONFLICT (owner) DO UPDATE SET seen = {NOW}"
T = TypeVar("T")


def without_password(url: str) -> str:
    """The URL as it may be written down; libpq finds a password in PGPASSWORD or ~/.pgpass."""
    if not url:
        return ""
    parts = urlsplit(url)
    name, _, host = parts.netloc.rpartition("@")
    user = name.partition(":")[0]
    query = "&".join(word for word in parts.query.split("&") if word and not word.startswith("password="))
    place = f"{parts.scheme}://{user}@{host}" if user else f"{parts.scheme}://{host}"
    return f"{place}{parts.path}?{query}" if query else place + parts.path


class PostgresBase:
    """The schema of one study.

    Args:
        url: postgresql://USER@HOST/DATABASE, as libpq takes it.
        name: Of the study; processes that give the same one work on the same.
    """

    def __init__(self, url: str, name: str) -> None:
        try:
            import psycopg
        except ModuleNotFoundError:
            raise LabError("PostgreSQL needs its driver: pip install 'ppodoctor[postgresql]'") from None
        self._library: Any = psycopg
        self._url, self.place = url, without_password(url)
        self.schema = PREFIX + re.sub(r"\W+", "_", name)[:40]
        self._lock = zlib.crc32(self.schema.encode())
        self._closed = threading.Event()
        self._guard = threading.RLock()
        self._connection: Any = None
        self._connect()  # an address that is wrong is said at once
        self.atomically(lambda run: [run(WORKERS), run(BEATS, [owner()])])
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def _connect(self) -> None:
        try:
            connection = self._open()
            self._execute(connection, "SELECT pg_advisory_lock(?)", [self._lock])
            try:
                self._execute(connection, f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')
            finally:
                self._execute(connection, "SELECT pg_advisory_unlock(?)", [self._lock])
        except self._library.Error as error:
            raise LabError(f"the database {self.place} cannot be used: {_first(error)}") from None
        self._connection = connection

    def _open(self) -> Any:
        options = f'-c search_path="{self.schema}" -c application_name=ppodoctor'
        return self._library.connect(self._url, autocommit=True, options=options, **KEEPALIVES)

    def _execute(self, connection: Any, statement: str, values: Sequence[Any] = ()) -> Rows:
        cursor = connection.execute(statement.replace("?", "%s"), values)
        return list(cursor.fetchall()) if cursor.description else []

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """As `Base.rows`."""
        return self._persistently(lambda connection: self._execute(connection, statement, values))

    def atomically(self, work: Callable[[Statements], T]) -> T:
        """As `Base.atomically`."""

        def whole(connection: Any) -> T:
            with connection.transaction():
                self._execute(connection, "SELECT pg_advisory_xact_lock(?)", [self._lock])
                return work(lambda statement, values=(): self._execute(connection, statement, values))

        return self._persistently(whole)

    def _persistently(self, work: Callable[[Any], T]) -> T:
        """Do it, again where the server went away meanwhile; for a while, then LabError says so."""
        until = time.monotonic() + WAIT
        with self._guard:
            while True:
                try:
                    if self._connection is None or self._connection.closed:
                        self._connection = self._open()
                    return work(self._connection)
                except self._library.errors.DiskFull as error:
                    hint = "free some space; what is written already is intact"
                    raise LabError(f"the database {self.place} is full: {_first(error)}; {hint}") from None
                except (self._library.OperationalError, self._library.InterfaceError) as error:
                    if time.monotonic() >= until:
                        hint = "when it is back, --resume goes on"
                        raise LabError(f"the database {self.place} is away: {_first(error)}; {hint}") from None
                    time.sleep(PAUSE)
                except self._library.Error as error:
                    raise LabError(f"the database {self.place} cannot be used: {_first(error)}") from None

    def alive(self, run: Statements, name: str) -> bool:
        """As `Base.alive`."""
        here = alive(name)
        if here is not None:
            return here
        return bool(run(f"SELECT 1 FROM worker WHERE owner = ? AND seen > {NOW} - ?", [name, SILENT]))

    def _beat(self) -> None:
        """Say that this process lives, on a connection of its own: a long transaction must not hold it back."""
        connection: Any = None
        while not self._closed.wait(BEAT):
            try:
                connection = self._open() if connection is None or connection.closed else connection
                self._execute(connection, BEATS, [owner()])
            except self._library.Error:
                continue
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the connection; what was claimed is free."""
        self._closed.set()
        with suppress(self._library.Error, LabError):
            if self._connection is not None and not self._connection.closed:
                self._execute(self._connection, "DELETE FROM worker WHERE owner = ?", [owner()])
                self._connection.close()
        self._heart.join(1.0)


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
