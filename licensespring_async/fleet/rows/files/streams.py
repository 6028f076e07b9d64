"""Read text files, compressed or not, line by line in bounded memory."""

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
        lines: The text. Bytes that are not UTF-8 become surrogates: they spoil their own row, not the run.
        packing: Its compression, or ""; if the data is cut off, reading raises EOFError.
        damage: What reading raises if the compressed data is damaged.
    """

    lines: IO[str]
    packing: str = ""
    damage: tuple[type[Exception], ...] = ()


@contextmanager
def open_text(path: str | Path) -> Generator[Text]:
    """Open a file or the standard input; decompress gzip and zstd, recognized by the first bytes.

    Raises:
        OSError: It cannot be opened.
        ConfigurationError: It is zstd, and the extra `zstd` is not installed.
    """
    with ExitStack() as stack:
        # Open the standard input anew: a thread that still reads at exit would hold the lock of sys.stdin, and the
        # interpreter aborts if it cannot take that lock.
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
    """Yield the lines of a text, and whether each is whole: a line is cut off after 1 MiB."""
    while line := text.readline(LONGEST_LINE):
        is_whole = _is_whole(line)
        yield line, is_whole
        while not is_whole and (line := text.readline(LONGEST_LINE)):
            is_whole = _is_whole(line)


def refuse_other_encoding(start: Iterable[str], name: str) -> None:
    """Refuse a text whose first line is not UTF-8; a later line spoils only its own row.

    Raises:
        ConfigurationError: It is not UTF-8.
    """
    if not all(is_text(each) and "\0" not in each for each in start):
        raise ConfigurationError(f'{name}: is not UTF-8 text; save it as UTF-8 (Excel calls it "CSV UTF-8")')


def _is_whole(line: str) -> bool:
    return len(line) < LONGEST_LINE or line.endswith(("\n", "\r"))


def suffix_of(path: str | Path) -> str:
    """Return the suffix without a compression suffix: `.csv` for `fleet.csv.gz`."""
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
