"""Where the rows come from."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from ...errors import ConfigurationError
from ...fleet import Format, InvalidRow, Row, Spool, read_query, read_rows, rows_from
from ...fleet.rows.files import STDIN
from ..console import warn


@attrs.frozen(kw_only=True)
class Source:
    """Rows to check.

    Attributes:
        read: Reads them from the beginning; of a stream only once.
        is_stream: Whether they can be read only once.
    """

    read: Callable[[], Iterator[Row | InvalidRow]]
    is_stream: bool = False


@contextmanager
def open_source(
    file: str | None,
    *,
    sql: str | None,
    database: str | None,
    demo: bool,
    columns: Sequence[str] = (),
    format: Format | None = None,
) -> Generator[Source]:
    """Give the rows of a file or a query, or without either those of the demo fleet.

    Args:
        file: Its name.
        sql: The query.
        database: Where it is asked.
        demo: Whether there is a demo fleet.
        columns: What the file calls columns, as `hardware_id=serial`.
        format: What the file is, or None to go by its name.

    Raises:
        ConfigurationError: There are no rows, more than one source of them, or a column's name cannot be read.
    """
    mapping = dict(_mapped(each) for each in columns)
    if sql is not None:
        if file is not None or format is not None:
            raise ConfigurationError("--sql gives the rows; leave FILE and --format out")
        if database is None:
            raise ConfigurationError("--sql: needs --database URL, or the URL in LICENSESPRING_DATABASE")
        if "order by" not in " ".join(sql.lower().split()):
            warn("--sql has no ORDER BY: a run that is interrupted may not find its rows in the same order again.")
        with Spool(read_query(sql, database, columns=mapping)) as spool:
            yield Source(read=spool.read)
    elif file is not None:
        is_stream = file == STDIN or _is_stream(Path(file))
        yield Source(read=lambda: read_rows(file, columns=mapping, format=format), is_stream=is_stream)
    elif demo:
        from ...sandbox import demo_fleet  # noqa: PLC0415  # an extra

        fleet = demo_fleet()
        yield Source(read=lambda: rows_from(fleet))
    elif database is not None:
        raise ConfigurationError("--database: needs --sql QUERY")
    else:
        raise ConfigurationError(
            "no FILE: name a CSV, TSV, JSONL or Parquet file, - for the standard input, --sql QUERY, or --sandbox for "
            "its demo fleet"
        )


def _mapped(text: str) -> tuple[str, str]:
    ours, equals, given = text.partition("=")
    if not (equals and ours.strip() and given.strip()):
        raise ConfigurationError(f"--map {text}: must be COLUMN=NAME, for example hardware_id=serial")
    return ours.strip(), given.strip()


def _is_stream(path: Path) -> bool:
    return path.is_fifo() or path.is_char_device() or path.is_socket()
