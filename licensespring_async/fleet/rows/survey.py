"""Survey all rows before the first is sent: count them, find duplicates, and keep those to send.

The source is read once. A file may change during a run, and a query may return its rows in another order the second
time; row 7 would then be another device.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from ...checks import BundleCheck, Check, FeatureCheck, LicenseCheck
from ..results.result import Result
from .row import InvalidRow, Row, packed, unpacked
from .scratch import Scratch

_MOST_REASONS = 20
_CHUNK = 64 * 1024  # characters of rows that are kept, and read again, together


class Survey(Scratch):
    """Counts rows, finds duplicates, and keeps the others on disk; use it in `with`.

    Two rows are duplicates if they make the same check: product, feature, device, and license key or user.

    Attributes:
        rows: Rows in all.
        invalid: Rows that cannot be checked.
        duplicates: Rows that repeat an earlier one, and are not sent.
        kinds: Rows to send by (product, feature); the feature is None except for feature checks.
        license_checks: License checks to send.
        reasons: The first invalid row for each of at most 20 reasons.
    """

    def __init__(self, rows: Iterable[Row | InvalidRow]) -> None:
        super().__init__()
        self.rows = 0
        self.invalid = 0
        self.duplicates = 0
        self.license_checks = 0
        self.kinds: Counter[tuple[str, str | None]] = Counter()
        self.reasons: dict[str, InvalidRow] = {}
        self._digest = hashlib.sha256()
        with self._filling() as db:
            self._count(db, rows)

    @property
    def fingerprint(self) -> str:
        """The start of the SHA-256 of all rows, in their order."""
        return self._digest.hexdigest()[:16]

    @property
    def checks(self) -> int:
        """Rows to send."""
        return self.kinds.total()

    @property
    def feature_checks(self) -> int:
        """Feature checks to send."""
        return sum(count for (_, feature), count in self.kinds.items() if feature is not None)

    @property
    def bundle_checks(self) -> int:
        """Bundle checks to send."""
        return self.checks - self.feature_checks - self.license_checks

    def distinct(self) -> Iterator[Row | InvalidRow]:
        """Return the rows that are not duplicates, from the beginning.

        Raises:
            ConfigurationError: They cannot be read any more.
        """
        chunks = self._db.execute("SELECT rows FROM kept ORDER BY number")
        while True:
            with self._translated():
                found = chunks.fetchone()
            if found is None:
                return
            yield from map(unpacked, json.loads(found[0]))

    def with_copies(self, result: Result) -> list[Result]:
        """Return a result and a copy for each duplicate of its row, without its requests and times."""
        if not self.duplicates:
            return [result]
        with self._translated():
            found = self._db.execute(
                "SELECT row, line, kept FROM copy WHERE first = ? ORDER BY row", (result.row,)
            ).fetchall()
        unsent = attrs.evolve(result, attempts=0, seconds=0.0, waited=0.0)
        return [result, *(attrs.evolve(unsent, row=row, line=line, kept=json.loads(kept)) for row, line, kept in found)]

    def _count(self, db: sqlite3.Connection, rows: Iterable[Row | InvalidRow]) -> None:
        db.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, row INTEGER) WITHOUT ROWID")
        db.execute("CREATE TABLE copy (row INTEGER PRIMARY KEY, line INTEGER, first INTEGER, kept TEXT)")
        db.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY, rows TEXT)")
        db.executemany("INSERT INTO kept (rows) VALUES (?)", _chunks(map(json.dumps, map(packed, self._counted(rows)))))
        db.execute("DROP TABLE seen")
        db.execute("CREATE INDEX copies ON copy (first)")

    def _counted(self, rows: Iterable[Row | InvalidRow]) -> Iterator[Row | InvalidRow]:
        """Count rows, and yield those that are not duplicates."""
        for row in rows:
            self.rows += 1
            asked = _asked(row)
            self._digest.update(_framed(row, asked))
            if isinstance(row, InvalidRow):
                self.invalid += 1
                if len(self.reasons) < _MOST_REASONS:
                    self.reasons.setdefault(row.reason, row)
            elif self._is_new(row, asked):
                self.kinds[row.check.product, _feature(row.check)] += 1
                self.license_checks += isinstance(row.check, LicenseCheck)
            else:
                self.duplicates += 1
                continue
            yield row

    def _is_new(self, row: Row, asked: bytes) -> bool:
        key = hashlib.blake2b(asked, digest_size=16).digest()
        if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, row.row)).rowcount:
            return True
        self._db.execute(
            "INSERT INTO copy SELECT ?, ?, row, ? FROM seen WHERE digest = ?",
            (row.row, row.line, json.dumps(row.kept), key),
        )
        return False


def _chunks(rows: Iterable[str]) -> Iterator[tuple[str]]:
    chunk: list[str] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += len(row)
        if size > _CHUNK:
            yield (f"[{','.join(chunk)}]",)
            chunk, size = [], 0
    yield (f"[{','.join(chunk)}]",)


def _framed(row: Row | InvalidRow, asked: bytes) -> bytes:
    kept = json.dumps(row.kept).encode() if row.kept else b""
    return f"{row.row},{row.line},{len(asked)}:".encode() + asked + kept


def _asked(row: Row | InvalidRow) -> bytes:
    values: tuple[str | None, ...]
    if isinstance(row, InvalidRow):
        values = ("invalid", row.reason)
    else:
        check = row.check
        bundle_code = None if isinstance(check, BundleCheck) else check.bundle_code
        values = (
            check.product,
            _feature(check),
            check.hardware_id,
            check.license_key,
            check.username,
            bundle_code,
        )
        if check.license_id is not None:
            values += (str(check.license_id),)
        if isinstance(check, LicenseCheck):
            values += ("license",)
    return repr(values).encode("utf-8", "surrogatepass")


def _feature(check: Check) -> str | None:
    return check.feature if isinstance(check, FeatureCheck) else None
