"""Where answers outlive the process."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from ...errors import LicenseSpringError

_creating = threading.Lock()


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
        """Keep a value, replacing what was there.

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
        # Of threads: what an event loop held that was closed meanwhile would never come back.
        self._turn = threading.Lock()

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None; StoreError when the file cannot be read."""
        return await anyio.to_thread.run_sync(self._get, key)

    async def set(self, key: str, value: bytes) -> None:
        """Keep a value; StoreError when the file cannot be written."""
        await anyio.to_thread.run_sync(self._set, key, value)

    def _get(self, key: str) -> bytes | None:
        try:
            with self._turn, closing(self._open()) as database:
                row = database.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as e:
            raise StoreError(f"cannot read {self._path}: {e}") from e
        except OSError as e:
            raise StoreError(f"cannot read {self._path}: {e.strerror}") from e
        return None if row is None or not isinstance(row[0], bytes) else row[0]

    def _set(self, key: str, value: bytes) -> None:
        try:
            with self._turn, closing(self._open()) as database, database:
                database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, value))
        except sqlite3.Error as e:
            raise StoreError(f"cannot write {self._path}: {e}") from e
        except OSError as e:
            raise StoreError(f"cannot write {self._path}: {e.strerror}") from e

    def _open(self) -> sqlite3.Connection:
        path = self._path.absolute()
        _make_private(path)
        database = sqlite3.connect(path, timeout=5.0)
        try:
            database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        except sqlite3.Error:
            database.close()
            raise
        return database


def _make_private(path: Path) -> None:
    # A process that closes a file loses the locks that SQLite holds on it, in any thread: so a file is opened here only
    # while it is made, and no other thread finds it before it is closed again.
    with _creating:
        try:
            found = path.lstat()
        except FileNotFoundError:
            # Exclusively: a link that was laid meanwhile is not followed. Another process may have been faster.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"{path}: is not a file of its own, and links are not followed; name the file itself")
    if os.name == "posix":
        if found.st_uid != os.geteuid():
            raise StoreError(f"{path}: belongs to another account; name another file, or have it removed")
        if found.st_mode & 0o077:
            path.chmod(0o600)
