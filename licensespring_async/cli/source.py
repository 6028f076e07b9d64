"""Where the rows come from."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import attrs

from ..errors import ConfigurationError
from ..fleet import read_rows, rows_from
from ..fleet.rows import STDIN
from ..fleet.supply import Rows
from .extras import needs_extra
from .feed import feed


@attrs.frozen(kw_only=True)
class Source:
    """Rows to check.

    Attributes:
        rows: Gives them, once it is entered.
        total: How many there are, or None of a stream that can be read only once.
    """

    rows: AbstractAsyncContextManager[Rows]
    total: int | None


def open_source(file: str | None, *, demo: bool) -> Source:
    """Return the rows of a CSV file, or without one those of the demo fleet.

    A file is read twice: the first pass finds out whether it can be read and how many rows it has.

    Raises:
        ConfigurationError: The file cannot be read, or there is neither a file nor a demo.
    """
    if file is None and not demo:
        raise ConfigurationError("no FILE: name a CSV file, - for the standard input, or --sandbox for its demo fleet")
    if file is None:
        with needs_extra("sandbox", "starlette", "uvicorn"):
            from ..sandbox import demo_fleet  # noqa: PLC0415  # an extra
        fleet = demo_fleet()
        return Source(rows=nullcontext(rows_from(fleet)), total=len(fleet))
    if file == STDIN or _is_stream(Path(file)):
        return Source(rows=feed(read_rows(file)), total=None)
    total = sum(1 for _ in read_rows(file))
    return Source(rows=nullcontext(read_rows(file)), total=total)


def _is_stream(path: Path) -> bool:
    return path.is_fifo() or path.is_char_device() or path.is_socket()
