"""Rows that can be read only once, kept to be read again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import attrs

from .rows import InvalidRow, Row


class Spool:
    """Reads rows to their end and keeps them on disk, in a file of SQLite's own that nobody else sees.

    A query that is asked twice may answer in another order, and then row 7 would be another device. Use it in `with`.
    """

    def __init__(self, rows: Iterable[Row | InvalidRow]) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        try:
            self._db.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY, is_valid INTEGER, fields TEXT)")
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO kept (is_valid, fields) VALUES (?, ?)", map(_record, rows))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.close()
            raise

    def read(self) -> Iterator[Row | InvalidRow]:
        """Return the rows from the beginning."""
        for is_valid, fields in self._db.execute("SELECT is_valid, fields FROM kept ORDER BY number"):
            yield Row(**json.loads(fields)) if is_valid else InvalidRow(**json.loads(fields))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._db.close()


def _record(row: Row | InvalidRow) -> tuple[bool, str]:
    return isinstance(row, Row), json.dumps(attrs.asdict(row))
