"""Where the rows come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from ..errors import ConfigurationError
from ..fleet import InvalidRow, Row, read_rows, rows_from
from ..fleet.rows import STDIN
from .extras import needs_extra


@attrs.frozen(kw_only=True)
class Source:
    """Rows to check.

    Attributes:
        read: Reads them from the beginning; of a stream only once.
        is_stream: Whether they can be read only once.
    """

    read: Callable[[], Iterator[Row | InvalidRow]]
    is_stream: bool = False


def open_source(file: str | None, *, demo: bool, columns: Sequence[str] = ()) -> Source:
    """Return the rows of a file, or without one those of the demo fleet.

    Args:
        file: Its name.
        demo: Whether there is a demo fleet.
        columns: What the file calls columns, as `hardware_id=serial`.

    Raises:
        ConfigurationError: There is neither a file nor a demo, or a column's name cannot be read.
    """
    mapping = dict(_mapped(each) for each in columns)
    if file is None and not demo:
        raise ConfigurationError("no FILE: name a CSV file, - for the standard input, or --sandbox for its demo fleet")
    if file is None:
        with needs_extra("sandbox", "starlette", "uvicorn"):
            from ..sandbox import demo_fleet  # noqa: PLC0415  # an extra
        fleet = demo_fleet()
        return Source(read=lambda: rows_from(fleet))
    return Source(read=lambda: read_rows(file, columns=mapping), is_stream=file == STDIN or _is_stream(Path(file)))


def _mapped(text: str) -> tuple[str, str]:
    ours, equals, given = text.partition("=")
    if not (equals and ours.strip() and given.strip()):
        raise ConfigurationError(f"--map {text}: must be COLUMN=NAME, for example hardware_id=serial")
    return ours.strip(), given.strip()


def _is_stream(path: Path) -> bool:
    return path.is_fifo() or path.is_char_device() or path.is_socket()
