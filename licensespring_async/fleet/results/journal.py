"""The journal of a run: an SQLite file with the final result of each row, which survives a crash of the run.

It uses WAL mode with `synchronous=NORMAL`. The operating system has every committed result, so a killed process loses
none. A power failure may cost the last commits, whose rows are then checked again; it never damages the file. FULL
would cost an fsync for every commit, to save those few requests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import anyio
import anyio.to_thread

from ...errors import ConfigurationError
from ...file_writing import claim_private
from .result import Outcome, Result

_APPLICATION: Final = 0x4C536A31
_SCHEMA: Final = (
    "CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE result (row INTEGER PRIMARY KEY, outcome TEXT NOT NULL, record TEXT NOT NULL) STRICT",
)
_LARGEST_ROW: Final = 2**32  # `Finished` has a bit for each row before it
_NOT_WRITABLE: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)  # the latter beyond a quota
# A final result is never replaced; an error is, by `fleet retry`.
_INSERT: Final = (
    "INSERT INTO result VALUES (?, ?, ?) ON CONFLICT (row) DO UPDATE "
    "SET outcome = excluded.outcome, record = excluded.record WHERE result.outcome = 'error'"
)


class JournalMismatch(ConfigurationError):
    """The journal belongs to another run, with other rows or other options."""


class Journal:
    """The results of one run in a file; use it in `with`, from one process at a time.

    Args:
        path: The file; it is created if it does not exist, readable for this user only.
        identity: What identifies the run, name to value; the file stores it. None to read the journal of any run.

    Raises:
        JournalMismatch: The file belongs to another run; the text says what differs.
        ConfigurationError: The file cannot be used, is not a journal, or another process uses it.
    """

    def __init__(self, path: Path, identity: Mapping[str, str] | None) -> None:
        self._path = path
        if identity is not None:
            try:
                claim_private(path)
            except OSError as e:
                raise ConfigurationError(f"{path}: cannot be used: {e.strerror or e}") from e
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            with self._translated():
                try:
                    self._open(identity)
                except sqlite3.OperationalError as e:
                    is_locked_out = e.sqlite_errorcode == sqlite3.SQLITE_IOERR_LOCK  # a file opened only to be read
                    if identity is not None or not (is_locked_out or e.sqlite_errorcode & 0xFF in _NOT_WRITABLE):
                        raise
                    self._db.close()
                    self._db = _unchanging(path)
                    self._check()
        except BaseException:
            self._db.close()
            raise

    def _open(self, identity: Mapping[str, str] | None) -> None:
        db = self._db
        # The operating system holds the lock, and drops it when the process ends, however that happens. First of all:
        # SQLite then needs no shared memory beside the file, for which a full disk has no room.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        tables = self._check()
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        if not tables:
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            for statement in _SCHEMA:
                db.execute(statement)
            db.executemany("INSERT INTO run VALUES (?, ?)", (identity or {}).items())
        db.execute("COMMIT")
        if identity is not None:
            self._compare(dict(db.execute("SELECT name, value FROM run WHERE name != 'salt'")), identity)

    def _check(self) -> int:
        """Return the number of tables, and refuse a file that is not a journal."""
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application != _APPLICATION:
            raise ConfigurationError(f"{self._path}: is an SQLite file, but not the journal of a fleet check")
        return int(tables)

    def _compare(self, kept: Mapping[str, str], given: Mapping[str, str]) -> None:
        names = [name for name in {**given, **kept} if kept.get(name) != given.get(name)]
        if names:
            differs = "; ".join(f"{name}: it has {kept.get(name)}, this run {given.get(name)}" for name in names)
            raise JournalMismatch(
                f"{self._path}: belongs to another run ({differs}); "
                "give the same rows and settings, or name another file"
            )

    def salt(self, given: str) -> str:
        """Return the salt of its fingerprints; the first salt given is stored, and later ones are ignored.

        Raises:
            ConfigurationError: The file cannot be read or written.
        """
        with self._translated():
            self._db.execute("INSERT OR IGNORE INTO run VALUES ('salt', ?)", (given,))
            [kept] = self._db.execute("SELECT value FROM run WHERE name = 'salt'").fetchone()
        return str(kept)

    def add(self, results: Sequence[Result]) -> None:
        """Add results, all or none; `commit` makes them durable. Takes microseconds: it does not touch the disk.

        Raises:
            ConfigurationError: They cannot be added.
        """
        rows = [(each.row, str(each.outcome), each.to_json()) for each in results]
        with self._undone():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_INSERT, rows)

    def commit(self) -> None:
        """Commit what was added. Blocks while the disk is busy.

        Raises:
            ConfigurationError: The file cannot be written; what was added is dropped.
        """
        with self._undone():
            self._db.execute("COMMIT")

    def finished(self, *, except_errors: bool = False) -> Finished:
        """Return the rows with a result."""
        finished = Finished()
        with self._translated():
            for row, outcome in self._db.execute("SELECT row, outcome FROM result"):
                if not 0 <= row <= _LARGEST_ROW:
                    raise self._damaged(row, "there is no such row")
                if not (except_errors and outcome == Outcome.ERROR):
                    finished.add(row)
        return finished

    def results(self, *, except_errors: bool = False) -> Iterator[Result]:
        """Read the results back, in the order of the rows."""
        with self._translated():
            for row, outcome, record in self._db.execute("SELECT row, outcome, record FROM result ORDER BY row"):
                if not (except_errors and outcome == Outcome.ERROR):
                    try:
                        result = Result.from_json(record)
                    except ValueError as e:
                        raise self._damaged(row, str(e)) from e
                    if (result.row, result.outcome) != (row, outcome):
                        raise self._damaged(row, f"it has the record of row {result.row:,}, {result.outcome}")
                    yield result

    def _damaged(self, row: int, problem: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._path}: row {row:,} cannot be read ({problem}): the journal is damaged, or of another version; "
            "delete it to start over"
        )

    @staticmethod
    def files(path: Path) -> Sequence[Path]:
        """Return the files that a journal consists of while it is open."""
        return [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm")]

    @staticmethod
    def discard(path: Path) -> None:
        """Delete a journal, if there is one.

        Raises:
            ConfigurationError: It cannot be deleted, is not a journal, or another process uses it.
        """
        if not path.exists():
            return
        with Journal(path, None):
            pass  # nobody else has it open
        for each in Journal.files(path):
            each.unlink(missing_ok=True)

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with self._translated():
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _undone(self) -> Generator[None]:
        """Roll back if the block fails."""
        with self._translated():
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.OperationalError as e:
            if "locked" in str(e):
                raise ConfigurationError(f"{self._path}: is in use by another run") from e
            if e.sqlite_errorcode & 0xFF in _NO_ROOM:
                raise ConfigurationError(
                    f"{self._path}: cannot be written or read ({e}): the disk may be full; free some space, and run "
                    "again to resume"
                ) from e
            raise ConfigurationError(f"{self._path}: cannot be used: {e}") from e
        except sqlite3.Error as e:
            if getattr(e, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
                raise ConfigurationError(f"{self._path}: is damaged ({e}); delete it to start over") from e
            raise ConfigurationError(f"{self._path}: is not the journal of a fleet check ({e})") from e


def _unchanging(path: Path) -> sqlite3.Connection:
    """Open a journal in a read-only place, as a file that nobody changes."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        raise ConfigurationError(
            f"{path}: its run was cut off, and this directory is read-only; copy it and {log.name} to another "
            "directory, and read it there"
        )
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None)


class Finished:
    """A set of row numbers with one bit each: a million take 125 kB."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def add(self, row: int) -> None:
        """Add a row number."""
        place, bit = divmod(row, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._count += not self._bits[place] >> bit & 1
        self._bits[place] |= 1 << bit

    def __contains__(self, row: int) -> bool:
        place, bit = divmod(row, 8)
        return place < len(self._bits) and bool(self._bits[place] >> bit & 1)

    def __len__(self) -> int:
        return self._count


class Writer:
    """Commits the results of many workers together, in a thread; each worker waits until its own are in the journal.

    A worker takes no other row before that. So after a kill, at most one row per worker must be sent again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = anyio.Lock(fast_acquire=True)
        self._batch = _Batch()

    async def write(self, results: Sequence[Result]) -> None:
        """Return when the results are committed.

        Raises:
            ConfigurationError: They cannot be committed.
        """
        if not results:
            return
        batch = self._batch
        is_first = not batch.results
        batch.results.extend(results)
        if is_first:
            await self._commit(batch)
        else:
            await batch.committed.wait()
        if batch.error is not None:
            raise ConfigurationError(str(batch.error)) from batch.error

    async def _commit(self, batch: _Batch) -> None:
        # Shielded: others wait for this batch, and finished results must be kept.
        with anyio.CancelScope(shield=True):
            async with self._turn:
                self._batch = _Batch()
                try:
                    # Only the commit in a thread: SQLite lets go of the interpreter at every row that is added, and a
                    # thread gets it back late while calls keep the event loop busy.
                    self._journal.add(batch.results)
                    await anyio.to_thread.run_sync(self._journal.commit)
                except ConfigurationError as error:
                    batch.error = error
                finally:
                    batch.committed.set()


class _Batch:
    def __init__(self) -> None:
        self.results: list[Result] = []
        self.committed = anyio.Event()
        self.error: ConfigurationError | None = None
