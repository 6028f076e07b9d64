"""Where answers outlive the process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from ...errors import LicenseSpringError
from ...file_writing import claim_private

# A process that closes a file loses the locks that SQLite holds on it, in any thread: so in this process nobody has a
# file open while another one looks whose it is. Of threads, since what a closed event loop held would never come back.
_turns: dict[Path, threading.Lock] = {}


class StoreError(LicenseSpringError):
    """A store cannot be read or written; the gate goes on without it."""


class Store(Protocol):
    """Keep small values by key; any async key-value database will do, and processes may share it.

    A gate keeps two values for each check, the last answer and the last refusal, and reads both before it believes one.
    Keys are hexadecimal hashes. Whatever is raised, the gate goes on without the store and logs it: a `StoreError` with
    its text, anything else by its class alone, as its text may hold a password.
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
    """Keep values in a SQLite file, which is made when it is first needed, for its owner alone (0600).

    A link, and a file that belongs to another account, are refused: whoever may write the file can hold its lock, and
    then no refusal is stored. One of this account that others may read or write is taken from them.

    Args:
        path: The file, in a directory that other accounts cannot write to.

    Cost: every call opens the file in a worker thread; a gate does so two to four times per answer of the service.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None; StoreError when the file cannot be read."""
        return await anyio.to_thread.run_sync(self._get, key)

    async def set(self, key: str, value: bytes) -> None:
        """Keep a value; StoreError when the file cannot be written."""
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
        # One name, however it is spelled; the file itself may be a link, which is refused.
        path = self._path.parent.resolve() / self._path.name
        with _turns.setdefault(path, threading.Lock()):
            claim_private(path)
            with closing(sqlite3.connect(path, timeout=5.0)) as database:
                database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
                yield database
