"""Temporary tables on disk for a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from ...errors import ConfigurationError


class Scratch:
    """A temporary SQLite database on disk; nobody else sees it, and closing deletes it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)

    @contextmanager
    def _filling(self) -> Generator[sqlite3.Connection]:
        """Fill it in the block; close it after a failure, since it is in no `with` yet."""
        try:
            with self._translated():
                self._db.execute("BEGIN")
                yield self._db
                self._db.execute("COMMIT")
        except BaseException:
            self._db.close()
            raise

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as e:
            raise ConfigurationError(
                f"temporary files cannot be written or read ({e}): the disk may be full; free some space, or name "
                "another directory in TMPDIR"
            ) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._db.close()
