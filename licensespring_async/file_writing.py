"""Files that the package writes: none follows a link, none is ever partial, and those with keys are private.

In a directory that others can write to, someone may put a link to one of our files under a predictable name. So a file
is created exclusively, under a random name, and then replaces what has its name.
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
_BUFFER: Final = 256 * 1024  # bytes; what fits reaches the file at once, so that a killed process leaves whole lines
_NAME_SHOWN: Final = 50  # characters of a name that may have the greatest length
_RANDOM: Final = 8  # random bytes of a temporary name
_DEVICES: Final = ("/dev/", "/proc/")


def create(path: Path, *, private: bool = False) -> BinaryIO:
    """Create a new file and open it for writing.

    Args:
        path: The file.
        private: Whether it is for this user alone.

    Raises:
        FileExistsError: The name exists, even as a dangling link.
        OSError: It cannot be created.
    """
    return os.fdopen(os.open(path, _NEW, _PRIVATE if private else 0o666), "wb", _BUFFER)


def go_on(path: Path) -> BufferedRandom:
    """Open or create a file that is written in several steps, for reading and writing.

    Raises:
        OSError: It is a link, has a second name, is not a regular file, is another user's, or cannot be created.
    """
    mine = os.O_RDWR | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(path, mine | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666), "r+b")
    except FileExistsError:
        return os.fdopen(_open_own(path, mine, private=False), "r+b")


def refuse_device(path: Path) -> None:
    """Refuse what is no regular file: renaming a file to /dev/null replaces it for the whole machine.

    Raises:
        OSError: It is a device, a pipe or a directory.
    """
    if _is_device(path):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))


class Replacement:
    """A file that replaces another once it is complete. Used in `with`, it does so unless the block raises.

    A device or a pipe is written directly.

    Args:
        path: The file to replace; an existing file's mode is kept.
        private: Whether it is for this user alone.

    Attributes:
        file: The file to write to.

    Raises:
        OSError: It cannot be created.
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
        """Replace the other file; writing may continue."""
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
        """Close it, and delete it unless it has replaced the other file."""
        try:
            # A failed write would fail again here, and hide the first error.
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
    """Create a file for this user alone, or make an existing one private.

    Raises:
        OSError: It is a link, not a regular file, another user's, or cannot be created.
    """
    try:
        create(path, private=True).close()
    except FileExistsError:
        os.close(_open_own(path, os.O_RDWR, private=True))


def read_private(path: Path, *, most: int) -> bytes:
    """Return the content of a file for this user alone; a file open to others is made private.

    Args:
        path: The file.
        most: Bytes that it may have at most.

    Raises:
        FileNotFoundError: The name does not exist.
        OSError: It is a link, not a regular file, another user's, too large, or cannot be read.
    """
    with os.fdopen(_open_own(path, os.O_RDONLY | getattr(os, "O_BINARY", 0), private=True), "rb") as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise OSError(errno.EFBIG, f"has more than {most} bytes", str(path))
    return found


def remove_leftovers(path: Path) -> None:
    """Delete what killed writers of a file have left. The caller must make sure that no writer is at work."""
    # A longer name is shortened, so that another file's writer could have the same.
    if len(path.name) > _NAME_SHOWN:
        return
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{{2 * _RANDOM}}}\.partial")
    for each in path.parent.iterdir():
        if name.fullmatch(each.name):
            each.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Delete a file durably, even if the machine stops right afterwards; of a link, the link itself."""
    path.unlink(missing_ok=True)
    _make_durable(path.parent)


def _open_own(path: Path, flags: int, *, private: bool) -> int:
    """Open a file that must be this user's; with `private`, it is made private."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "is a link, which is not followed", str(path))
    # Opening a pipe would wait for its other end.
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
        raise OSError(errno.EMLINK, "has a second name (a hard link), and would be changed there too", str(path))
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "belongs to another user, who could read and change it", str(path))


def _make_private(number: int) -> None:
    if stat.S_IMODE(os.fstat(number).st_mode) & ~_PRIVATE:
        _set_mode(number, _PRIVATE)


def _set_mode(number: int, mode: int) -> None:
    # Windows has no such modes, although its newer Pythons have the function.
    if os.name == "posix" and hasattr(os, "fchmod"):
        os.fchmod(number, mode)


def _make_durable(folder: Path) -> None:
    """Write a folder's names to the disk; before that, a new name can be lost if the machine stops."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        # Some file systems, such as a virtual machine's shared folders, cannot do that for a folder.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(number)


def _is_device(path: Path) -> bool:
    # /dev/stdout is a link that may lead to a regular file.
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
