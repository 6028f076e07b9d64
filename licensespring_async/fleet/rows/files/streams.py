"""Files of text, packed or not, read line by line in bounded memory."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, cast

import attrs

from ....errors import ConfigurationError
from ....extras import needs_extra
from ....models.json_types import is_text

STDIN: Final = "-"
LONGEST_LINE: Final = 1 << 20

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


@attrs.frozen
class Text:
    """Text from a file.

    Attributes:
        lines: The text; bytes that are no UTF-8 are surrogates in it, so that they spoil their own row and not the run.
        packing: What it was packed with, or ""; where it is cut off, EOFError is raised.
        damage: What is raised where the packed data is damaged.
    """

    lines: IO[str]
    packing: str = ""
    damage: tuple[type[Exception], ...] = ()


@contextmanager
def open_text(path: str | Path) -> Generator[Text]:
    """Open a file, or the standard input, and unpack gzip and zstd, which show in the first bytes, not in the name.

    Raises:
        OSError: It cannot be opened.
        ConfigurationError: It is zstd, and the extra `zstd` is not installed.
    """
    with ExitStack() as stack:
        # The standard input is opened anew: a thread that still reads at exit would hold the lock of sys.stdin, and the
        # interpreter aborts when it cannot take that.
        is_stdin = str(path) == STDIN
        raw = stack.enter_context(open(0 if is_stdin else path, "rb", closefd=not is_stdin))
        start = raw.peek(len(_ZSTD))
        unpacked: IO[bytes] = raw
        packing, damage = "", tuple[type[Exception], ...]()
        if start.startswith(_GZIP):
            unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
            packing, damage = "gzip", (zlib.error, gzip.BadGzipFile)
        elif start.startswith(_ZSTD):
            unpacked, damaged = _unzstd(raw)
            packing, damage = "zstd", (damaged,)
        # newline="" leaves line ends inside quotes to the csv module.
        text = io.TextIOWrapper(unpacked, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield Text(stack.enter_context(text), packing, damage)


def bounded(text: IO[str]) -> Iterator[tuple[str, bool]]:
    """Return the lines of a text, and whether each is whole: of one longer than 1 MiB the rest is thrown away."""
    while line := text.readline(LONGEST_LINE):
        is_whole = _is_whole(line)
        yield line, is_whole
        while not is_whole and (line := text.readline(LONGEST_LINE)):
            is_whole = _is_whole(line)


def refuse_other_encoding(start: Iterable[str], name: str) -> None:
    """Refuse a text that is not UTF-8, by its first line; a later line that is not spoils only its own row.

    Raises:
        ConfigurationError: It is not.
    """
    if not all(is_text(each) and "\0" not in each for each in start):
        raise ConfigurationError(f'{name}: is not UTF-8 text; save it as UTF-8 (Excel calls it "CSV UTF-8")')


def _is_whole(line: str) -> bool:
    return len(line) < LONGEST_LINE or line.endswith(("\n", "\r"))


def suffix_of(path: str | Path) -> str:
    """Return what a name says that a file holds: `.csv` of `fleet.csv.gz`."""
    name = str(path).lower()
    for packed in (".gz", ".zst", ".zstd"):
        name = name.removesuffix(packed)
    return Path(name).suffix


def _unzstd(raw: io.BufferedReader) -> tuple[IO[bytes], type[Exception]]:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  # not in every Python
    else:
        with needs_extra("zstd"):
            import backports.zstd as zstd  # noqa: PLC0415, PLR0402  # an extra; `from backports` fails otherwise with others
    return cast("IO[bytes]", zstd.ZstdFile(raw)), zstd.ZstdError
