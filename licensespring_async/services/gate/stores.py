"""Stores for a gate's answers, which outlive the process."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol

import anyio.to_thread

from ...errors import LicenseSpringError
from ...file_writing import claim_private

# When a process closes a file, it loses the locks that SQLite holds on it in any thread. So one thread at a time opens
# a file. This is no lock of an event loop: a closed loop would never release it.
_turn: Final = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child has SQLite's own locks as they were, and would wait for a thread it lacks
    os.register_at_fork(before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release)


class StoreError(LicenseSpringError):
    """A store cannot be read or written; the gate goes on without it."""


class Store(Protocol):
    """Keep small values by key. Any async key-value database will do, and processes may share it.

    A gate keeps two values for each check, the last answer and the last refusal. It reads both before it believes one.
    Keys are hexadecimal hashes. If the store raises, the gate logs that and goes on without it. It logs the text of a
    `StoreError`. Of other errors it logs only the class, because the text may contain a password.
    """

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    async def set(self, key: str, value: bytes) -> None:
        """Store a value, replacing any earlier one.

        Raises:
            StoreError: It cannot be written.
        """
        ...


class SqliteStore:
    """Keep values in a SQLite file, which is created at first use and private to its owner (0600).

    A link or another account's file is refused: anyone who can write the file can hold its lock, and then no refusal is
    stored. If others can access this account's file, their access is removed.

    Args:
        path: The file, in a directory that other accounts cannot write to.

    Cost: each call opens the file in a worker thread. A gate makes two to four calls per answer of the service.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None; StoreError if the file cannot be read."""
        return await anyio.to_thread.run_sync(self._get, key)

    async def set(self, key: str, value: bytes) -> None:
        """Store a value; StoreError if the file cannot be written."""
        await anyio.to_thread.run_sync(self._set, key, value)

    def _get(self, key: str) -> bytes | None:
        try:
            with self._opened() as database:
                row = database.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as e:
            raise StoreError(f"cannot read {self._path}: {e}") from e
        except OSError as e:
            raise StoreError(f"cannot read {self._path}: {e.strerror}") from e
        return None if row is None or not isinstance(row[0], bytes) else row[0]

    def _set(self, key: str, value: bytes) -> None:
        try:
            with self._opened() as database, database:
                database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, value))
        except sqlite3.Error as e:
            raise StoreError(f"cannot write {self._path}: {e}") from e
        except OSError as e:
            raise StoreError(f"cannot write {self._path}: {e.strerror}") from e

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        with _turn:
            claim_private(self._path)
            with closing(sqlite3.connect(self._path, timeout=5.0)) as database:
                database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
                yield database
