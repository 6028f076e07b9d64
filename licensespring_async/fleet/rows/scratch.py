"""Temporary on-disk tables for a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from ...errors import ConfigurationError


class Scratch:
    """A database on disk, in a file of SQLite's own that nobody else sees and that is gone once it is closed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)

    @contextmanager
    def _filling(self) -> Generator[sqlite3.Connection]:
        """Fill it in the block; a failure closes it, since nobody has it in a `with` yet."""
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
                f"temporary files cannot be written or read ({e}): there may be too little room; make some, or name "
                "another directory in TMPDIR"
            ) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._db.close()
