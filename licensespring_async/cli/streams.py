"""Standard streams that may be closed, full, or unable to encode a character."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Final, TextIO, cast

from ..errors import ConfigurationError

_STANDARD: Final = (0, 1, 2)


def guard_streams() -> None:
    """Make the standard streams safe to use, once, before anything is opened.

    - A character that a stream cannot encode is escaped: a name in a message must not end a run. Input that cannot be
      decoded is kept as surrogates, which no parameter takes.
    - If standard output cannot be written, the command ends with a ConfigurationError.
    - If standard error cannot be written, the text is dropped: there is nowhere left to report it.
    - A closed stream stays closed (None). Its file number is occupied: a file opened later would otherwise get it,
      and with it the output of the system's libraries.
    """
    _occupy()
    handled = ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace"))
    for stream, errors in handled:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    if sys.stdout is not None:
        sys.stdout = cast("TextIO", _Output(sys.stdout))
    if sys.stderr is not None:
        sys.stderr = cast("TextIO", _Errors(sys.stderr))


def _occupy() -> None:
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


class _Stream:
    """A text stream that handles its own write errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        raise NotImplementedError

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class _Errors(_Stream):
    def _failed(self, error: OSError) -> None:
        pass


class _Output(_Stream):
    def _failed(self, error: OSError) -> None:
        if error.errno == errno.EPIPE:  # the reader has seen enough
            raise error
        # What is still buffered would fail again at exit, where we could not report it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        raise ConfigurationError(f"the standard output cannot be written: {error.strerror or error}") from error
