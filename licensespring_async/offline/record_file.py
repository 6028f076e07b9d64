"""The file of a license store. It is read and written as a whole, by one process at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import attrs

from ..errors.numbers import in_seconds
from ..extras import needs_extra
from ..file_writing import Replacement, claim_private, read_private, remove, remove_leftovers
from ..redaction import Unpickled
from .record import Record, decoded, encoded
from .store_errors import NothingStored, StoreDamaged, StoreTooNew, StoreUnusable

_LARGEST: Final = 4 * 1024 * 1024  # bytes; an answer has 1 MiB at most
_LOCK_SECONDS: Final = 10.0


@attrs.frozen
class RecordFile(Unpickled):
    """A file with one record.

    Attributes:
        path: The file. Its lock file is beside it, with `.lock` after its name.
        secret: Seals the file; an empty one protects against damage only.
    """

    path: Path
    secret: bytes = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        # If the extra is missing, this raises now and not at the first write.
        self._lock()

    @contextmanager
    def turn(self) -> Generator[None]:
        """Lock the file for this thread, against other threads and processes.

        Raises:
            StoreUnusable: The file stays locked by others, or it cannot be used.
        """
        try:
            claim_private(self._lock_path)
            with self._lock():
                remove_leftovers(self.path)
                yield
        except TimeoutError as error:
            raise StoreUnusable(
                f"{self.path}: is locked by another process for more than {in_seconds(_LOCK_SECONDS)}"
            ) from error
        except OSError as error:
            if not self.path.parent.is_dir():
                raise StoreUnusable(f"{self.path}: its folder does not exist; create it first") from error
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
        except StoreTooNew as error:
            raise StoreTooNew(f"{self.path}: {error}") from None
        except StoreDamaged as error:
            raise StoreDamaged(
                f"{self.path}: {error}; clear() deletes it, then check the license online or save its file again"
            ) from None

    def write(self, record: Record) -> None:
        """Replace the record durably; only in a `turn`."""
        with Replacement(self.path, private=True) as new:
            new.file.write(encoded(record, self.secret))

    def remove(self) -> None:
        """Delete the file, damaged or not; only in a `turn`."""
        remove(self.path)

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def _lock(self) -> AbstractContextManager[object]:
        with needs_extra("offline"):
            from filelock import FileLock  # noqa: PLC0415
        return FileLock(self._lock_path, timeout=_LOCK_SECONDS, mode=0o600)


def nothing_in(path: Path) -> NothingStored:
    """Return the error of a store without a license."""
    return NothingStored(
        f"{path}: no license is stored; check or activate it online, or save an offline file or an air-gap confirmation"
    )
