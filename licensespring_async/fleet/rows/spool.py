"""Keep rows that can be read only once, to read them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import attrs

from .row import InvalidRow, Row, row_of
from .scratch import Scratch


class Spool(Scratch):
    """Reads rows to their end and keeps them on disk.

    A query may return its rows in another order the second time; row 7 would then be another device. Use it in `with`.
    """

    def __init__(self, rows: Iterable[Row | InvalidRow]) -> None:
        super().__init__()
        with self._filling() as db:
            db.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY, is_valid INTEGER, fields TEXT)")
            db.executemany("INSERT INTO kept (is_valid, fields) VALUES (?, ?)", map(_record, rows))

    def read(self) -> Iterator[Row | InvalidRow]:
        """Return the rows from the beginning."""
        kept = self._db.execute("SELECT is_valid, fields FROM kept ORDER BY number")
        while True:
            with self._translated():
                found = kept.fetchone()
            if found is None:
                return
            is_valid, fields = found
            yield row_of(json.loads(fields)) if is_valid else InvalidRow(**json.loads(fields))


def _record(row: Row | InvalidRow) -> tuple[bool, str]:
    return isinstance(row, Row), json.dumps(attrs.asdict(row))
