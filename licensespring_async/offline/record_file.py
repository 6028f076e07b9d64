"""The file of a license store: read and written whole, by one process at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import attrs

from ..extras import needs_extra
from ..file_writing import Replacement, claim_private, read_private, remove, remove_leftovers
from ..redaction import Unpickled
from .record import Record, decoded, encoded
from .store_errors import NothingStored, StoreDamaged, StoreTooNew, StoreUnusable

_LARGEST: Final = 16 * 1024 * 1024  # bytes
_LOCK_SECONDS: Final = 10.0


@attrs.frozen
class RecordFile(Unpickled):
    """A file that holds one record.

    Attributes:
        path: The file. Its lock is beside it, with `.lock` after its name.
        secret: Seals it; empty to seal it against damage only.
    """

    path: Path
    secret: bytes = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        # What is missing is said now, and not by the first write.
        self._lock()

    @contextmanager
    def turn(self) -> Generator[None]:
        """Have the file to oneself, among threads and processes.

        Raises:
            StoreUnusable: Others have it, or it cannot be used.
        """
        try:
            claim_private(self._lock_path)
            with self._lock():
                remove_leftovers(self.path)
                yield
        except TimeoutError as error:
            raise StoreUnusable(f"{self.path}: other processes have had it for {_LOCK_SECONDS:g} s") from error
        except OSError as error:
            raise StoreUnusable(f"{error.filename or self.path}: {error.strerror}") from error

    def read(self) -> Record:
        """Return the record.

        Raises:
            NothingStored, StoreDamaged, StoreTooNew, StoreUnusable: There is none, or it cannot be read.
        """
        try:
            return decoded(read_private(self.path, most=_LARGEST), self.secret)
        except FileNotFoundError:
            raise nothing_in(self.path) from None
        except OSError as error:
            raise StoreUnusable(f"{self.path}: {error.strerror}") from error
        except (StoreDamaged, StoreTooNew) as error:
            raise type(error)(f"{self.path}: {error}") from None

    def write(self, record: Record) -> None:
        """Put a record in the place of the one that is there, durably; in one's turn."""
        with Replacement(self.path, private=True) as new:
            new.file.write(encoded(record, self.secret))

    def remove(self) -> None:
        """Delete it, damaged or not; in one's turn."""
        remove(self.path)

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def _lock(self) -> AbstractContextManager[object]:
        with needs_extra("offline"):
            from filelock import FileLock  # noqa: PLC0415
        return FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600)


def nothing_in(path: Path) -> NothingStored:
    """Return the error of a store that holds no license."""
    return NothingStored(
        f"{path}: no license is stored; check or activate it online, or save an offline file or an air-gap confirmation"
    )
