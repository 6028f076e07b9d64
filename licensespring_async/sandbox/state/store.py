"""The SQLite database of a sandbox's state, in memory or in a file that survives a killed process.

The world's objects describe what is sold, to whom, and on which terms. What requests change (devices, slots,
borrowings, consumption) is stored here, and committed before the answer is sent.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from ...file_writing import claim_private
from ..errors import SandboxError

Value: TypeAlias = "str | int | float | None"
Row: TypeAlias = "tuple[Any, ...]"

_APPLICATION_ID: Final = 0x4C535342
_VERSION: Final = 1
_BUSY_SECONDS: Final = 10.0
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS tenant (
        number INTEGER PRIMARY KEY, api_key TEXT NOT NULL UNIQUE, shared_key TEXT NOT NULL,
        client_id TEXT NOT NULL UNIQUE, client_secret TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS signing_key (number INTEGER PRIMARY KEY CHECK (number = 1), pem TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS license (
        tenant INTEGER NOT NULL, license TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 0,
        transfer_count INTEGER NOT NULL DEFAULT 0, freed TEXT,
        PRIMARY KEY (tenant, license)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS device (
        tenant INTEGER NOT NULL, license TEXT NOT NULL, hardware_id TEXT NOT NULL, id INTEGER NOT NULL,
        active INTEGER NOT NULL DEFAULT 0, blacklisted INTEGER NOT NULL DEFAULT 0,
        details TEXT NOT NULL DEFAULT '{}', variables TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (tenant, license, hardware_id)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS device_id ON device (tenant, id)",
    """CREATE TABLE IF NOT EXISTS slot (
        tenant INTEGER NOT NULL, license TEXT NOT NULL, feature TEXT NOT NULL, hardware_id TEXT NOT NULL,
        until REAL NOT NULL, borrowed_until REAL,
        PRIMARY KEY (tenant, license, feature, hardware_id)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS consumption (
        tenant INTEGER NOT NULL, license TEXT NOT NULL, feature TEXT NOT NULL, total INTEGER NOT NULL,
        counted_at REAL, allow_overages INTEGER NOT NULL, max_overages INTEGER NOT NULL,
        PRIMARY KEY (tenant, license, feature)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS user (
        tenant INTEGER NOT NULL, username TEXT NOT NULL, password TEXT, is_initial INTEGER NOT NULL,
        PRIMARY KEY (tenant, username)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS trial (
        tenant INTEGER NOT NULL, number INTEGER NOT NULL, product TEXT NOT NULL, hardware_id TEXT NOT NULL,
        email TEXT NOT NULL, created_at REAL NOT NULL, details TEXT NOT NULL,
        PRIMARY KEY (tenant, number)) WITHOUT ROWID""",
)
TABLES: Final = ("license", "device", "slot", "consumption", "user", "trial")
"""The tables that requests change; their first column is the tenant."""


class Store:
    """A database for any thread; statements and transactions run one at a time.

    Args:
        path: File for the state, created if there is none; in memory by default.

    Raises:
        SandboxError: The file is not a sandbox's, has another version of the schema, or cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str] = ":memory:") -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self.is_file = os.fspath(path) != ":memory:"
        try:
            if self.is_file:
                # It will hold secrets. SQLite gives the files that it puts beside it the same permissions.
                claim_private(Path(path))
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            weakref.finalize(self, self._connection.close)
            with self.transaction():
                self._adopt(path)
            if self.is_file:
                # With a write-ahead log, NORMAL loses nothing if the process is killed, and needs no fsync per commit.
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise SandboxError(f"cannot store the sandbox's state in {os.fspath(path)}: {reason}") from error

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Run the block as one transaction, or as part of an outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def change(self, statement: str, values: Mapping[str, Value]) -> int:
        """Run a statement, and return how many rows it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def change_many(self, statement: str, values: Iterable[Row]) -> None:
        """Run a statement once for each row of values."""
        with self._lock:
            self._connection.executemany(statement, values)

    def insert(self, table: str, rows: Sequence[Row], *, new_only: bool = False) -> None:
        """Insert whole rows into a table; with `new_only`, skip those that exist."""
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            how = "INSERT OR IGNORE" if new_only else "INSERT"
            self.change_many(f"{how} INTO {table} VALUES ({marks})", rows)

    def rows(self, query: str, values: Mapping[str, Value]) -> list[Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Mapping[str, Value]) -> Row | None:
        """Return the first row of a query."""
        with self._lock:
            row: Row | None = self._connection.execute(query, values).fetchone()
            return row

    def _adopt(self, path: str | os.PathLike[str]) -> None:
        application_id, version, tables = (
            self._connection.execute(question).fetchone()[0]
            for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if (application_id, version, tables) == (0, 0, 0):
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif application_id != _APPLICATION_ID:
            raise SandboxError(f"{os.fspath(path)} is a database, but not a sandbox's; choose another file")
        elif version != _VERSION:
            raise SandboxError(
                f"{os.fspath(path)} was written by another version of the sandbox (schema {version}, "
                f"not {_VERSION}); choose another file"
            )
        for statement in _SCHEMA:  # an older file lacks newer tables
            self._connection.execute(statement)
