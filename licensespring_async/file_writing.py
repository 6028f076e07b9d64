"""Files that the package writes: none follows a link, none is ever half there, and what holds keys is private.

In a directory that others can write to, a name that can be foretold may be a link to a file that only we may write. So
a file is made under a random name, exclusively, and then takes the place of what has its name.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_PRIVATE: Final = 0o600
_NAME_SHOWN: Final = 50  # of a name that may be as long as a name can be
_RANDOM: Final = 8  # bytes of a name that cannot be foretold
_DEVICES: Final = ("/dev/", "/proc/")


def create(path: Path, *, private: bool = False) -> BinaryIO:
    """Make a file that is not there and open it to be written.

    Args:
        path: The file.
        private: Whether it is for this user alone.

    Raises:
        FileExistsError: There is something of this name, be it a link that leads nowhere.
        OSError: It cannot be made.
    """
    return os.fdopen(os.open(path, _NEW, _PRIVATE if private else 0o666), "wb")


def go_on(path: Path) -> BufferedRandom:
    """Open a file that is written in several goes, to be read and written, or make it.

    Raises:
        OSError: It is a link, has a second name, is not a regular file, another user's, or cannot be made.
    """
    mine = os.O_RDWR | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(path, mine | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666), "r+b")
    except FileExistsError:
        return os.fdopen(_open_own(path, mine, private=False), "r+b")


class Replacement:
    """A file that takes the place of another once it is whole; used in `with`, it does unless the block raises.

    A device or a pipe is written as it is.

    Args:
        path: The file to replace; an existing file keeps its mode.
        private: Whether it is for this user alone.

    Attributes:
        file: To be written.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, path: Path, *, private: bool = False) -> None:
        self._path = path
        self._new: Path | None = None
        if _is_device(path):
            self.file: BinaryIO = path.open("wb")
            return
        self._new = path.with_name(f".{path.name[:_NAME_SHOWN]}.{secrets.token_hex(_RANDOM)}.partial")
        self.file = create(self._new, private=private)
        if not private:
            with suppress(OSError):
                _copy_mode(path, self.file)

    def put(self) -> None:
        """Put it in the other's place; it may be written on."""
        self.file.flush()
        if self._new is not None:
            os.fsync(self.file.fileno())
            self._rename(self._new)
            self._new = None
            _make_durable(self._path.parent)

    def _rename(self, new: Path) -> None:
        if os.name == "nt":  # pragma: no cover  # an open file keeps its name there
            self.file.close()
            new.replace(self._path)
            self.file = self._path.open("ab")
        else:
            new.replace(self._path)

    def discard(self) -> None:
        """Close it; unless it was put in the other's place, it is deleted."""
        try:
            # What could not be written would fail once more here, and hide the error that says so.
            with suppress(OSError):
                self.file.close()
        finally:
            if self._new is not None:
                self._new.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if exc is None:
                self.put()
                self.file.close()
        finally:
            self.discard()


def claim_private(path: Path) -> None:
    """Make a file for this user alone, or see that the one that is there is such.

    Raises:
        OSError: It is a link, not a regular file, another user's, or cannot be made.
    """
    try:
        create(path, private=True).close()
    except FileExistsError:
        os.close(_open_own(path, os.O_RDWR, private=True))


def read_private(path: Path, *, most: int) -> bytes:
    """Return what a file for this user alone holds; one that is open to others no longer is afterwards.

    Args:
        path: The file.
        most: Bytes that it has at most.

    Raises:
        FileNotFoundError: There is nothing of this name.
        OSError: It is a link, not a regular file, another user's, too large, or cannot be read.
    """
    with os.fdopen(_open_own(path, os.O_RDONLY | getattr(os, "O_BINARY", 0), private=True), "rb") as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise OSError(errno.EFBIG, f"has more than {most} bytes", str(path))
    return found


def remove_leftovers(path: Path) -> None:
    """Delete what killed writers of a file have left; the caller sees to it that no writer is at work."""
    # A longer name is shortened, so that another file's writer could have the same.
    if len(path.name) > _NAME_SHOWN:
        return
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{{2 * _RANDOM}}}\.partial")
    for each in path.parent.iterdir():
        if name.fullmatch(each.name):
            each.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Delete a file, for good also when the machine stops right afterwards; a link itself, not what it leads to."""
    path.unlink(missing_ok=True)
    _make_durable(path.parent)


def _open_own(path: Path, flags: int, *, private: bool) -> int:
    """Open a file that has to be this user's; a private one is so afterwards."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "is a link, which is not followed", str(path))
    # A pipe would wait for its other end.
    number = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        _check_own(number, path, is_alone=not private)
        if private:
            _make_private(number)
    except BaseException:
        os.close(number)
        raise
    return number


def _check_own(number: int, path: Path, *, is_alone: bool) -> None:
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    if is_alone and found.st_nlink > 1:
        raise OSError(errno.EMLINK, "has another name as well, by which it would be changed", str(path))
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "belongs to another user, who could read and change it", str(path))


def _make_private(number: int) -> None:
    if stat.S_IMODE(os.fstat(number).st_mode) & ~_PRIVATE:
        _set_mode(number, _PRIVATE)


def _set_mode(number: int, mode: int) -> None:
    # Windows has no such modes; its newer Pythons have the function all the same.
    if os.name == "posix" and hasattr(os, "fchmod"):
        os.fchmod(number, mode)


def _make_durable(folder: Path) -> None:
    """Write a folder's names to the disk; until then a new name can be lost when the machine stops."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _is_device(path: Path) -> bool:
    # /dev/stdout is a link, and where it leads may be a regular file.
    if str(path.absolute()).startswith(_DEVICES):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _copy_mode(path: Path, file: BinaryIO) -> None:
    before = path.lstat()
    if stat.S_ISREG(before.st_mode):
        _set_mode(file.fileno(), stat.S_IMODE(before.st_mode) & 0o777)
