"""Options for the rows, and how to read them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

from ...errors import ConfigurationError
from ...fleet import Format, IgnoredColumn, InvalidRow, Row, read_query, read_rows, rows_from
from ...fleet.results.result import KINDS
from ...fleet.rows.files import STDIN
from ...fleet.rows.files.columns import IDS
from ..commands import Group
from ..console import warn
from ..file_names import file_name
from ..spoken import spoken

_SQLITE: Final = re.compile(r"sqlite[^:]*:///([^?]+)")


@attrs.frozen(kw_only=True)
class Source:
    """Rows to check.

    Attributes:
        rows: The rows; they are read once.
        is_stream: Whether they may come slowly and without end, so that they are not counted before the run.
    """

    rows: Iterator[Row | InvalidRow]
    is_stream: bool = False


@attrs.frozen(kw_only=True)
class Rows(Group):
    """Which rows to check: those of a file, a query, or the demo fleet."""

    panel = "Rows"

    file: Annotated[
        str | None,
        typer.Argument(
            help="CSV, .tsv, .jsonl or .parquet file, or text packed as .gz or .zst; - for the standard input.",
            metavar="FILE",
            parser=file_name,
            show_default=False,
        ),
    ] = None
    sql: Annotated[str | None, typer.Option(help="Check the rows of a query instead of FILE.", metavar="QUERY")] = None
    database: Annotated[
        str | None,
        typer.Option(
            help="SQLAlchemy URL of its database. The variable hides a password from the process list.",
            metavar="URL",
            envvar="LICENSESPRING_DATABASE",
        ),
    ] = None
    format: Annotated[Format | None, typer.Option(help="Format of FILE. Default: by its name, else CSV.")] = None
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Name of a column in FILE or QUERY, such as hardware_id=serial; may be repeated.",
            metavar="COLUMN=NAME",
        ),
    ] = None

    delimiter: Annotated[
        str | None,
        typer.Option(help="Character between CSV columns, such as ; or tab. Default: a comma.", metavar="CHAR"),
    ] = None
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="Columns of FILE or QUERY to copy into the results, such as owner,site; may be repeated.",
            metavar="NAMES",
        ),
    ] = None
    show_ids: Annotated[
        bool,
        typer.Option(
            "--show-ids",
            help="Add hardware_id, license_key and username to the results in the clear. Keep such results as secret "
            "as the keys.",
        ),
    ] = False

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns of the input to copy into the results.

        Raises:
            ConfigurationError: Results have their own column of that name.
        """
        names = [each.strip() for given in self.keep or () for each in given.split(",")]
        kept = dict.fromkeys([*filter(None, names), *(IDS if self.show_ids else ())])
        if taken := [each for each in kept if each in KINDS]:
            raise ConfigurationError(
                f"--keep {','.join(taken)}: results have their own column of that name; leave it out"
            )
        return tuple(kept)

    def files(self) -> dict[Path, str]:
        """Return the files that it reads, and what to call them."""
        if self.file is not None:
            return {Path("/dev/stdin" if self.file == STDIN else self.file): "the input file"}
        found = _SQLITE.match(self.database or "")
        names = [f"{found[1]}{suffix}" for suffix in ("", "-journal", "-wal", "-shm")] if found else []
        return {Path(each): "a file of the --database" for each in names}

    @contextmanager
    def opened(self, *, has_demo: bool) -> Generator[Source]:
        """Open the rows.

        Args:
            has_demo: Whether to use the demo fleet if neither a file nor a query is named.

        Raises:
            ConfigurationError: There is no source, there is more than one, or a column mapping cannot be read.
        """
        mapping = _mapping(self.mapping or ())
        delimiter = "\t" if self.delimiter in ("tab", "\\t") else self.delimiter
        if self.sql is not None:
            rows = read_query(self.sql, self._its_database(), columns=mapping, keep=self.kept)
            yield Source(rows=rows)
        elif (file := self.file) is not None:
            is_stream = file == STDIN or _is_stream(Path(file))
            rows = read_rows(file, columns=mapping, format=self.format, delimiter=delimiter, keep=self.kept)
            yield Source(rows=rows, is_stream=is_stream)
        elif has_demo:
            from ...sandbox import demo_fleet  # noqa: PLC0415  # an extra

            yield Source(rows=rows_from(demo_fleet(), keep=self.kept))
        elif self.database is not None:
            raise ConfigurationError("--database: needs --sql QUERY")
        else:
            raise ConfigurationError(
                "no FILE: name a CSV, TSV, JSONL or Parquet file, - for the standard input, --sql QUERY, or --sandbox "
                "for its demo fleet"
            )

    def _its_database(self) -> str:
        if self.file is not None or self.format is not None:
            raise ConfigurationError("--sql gives the rows; leave FILE and --format out")
        if self.database is None:
            raise ConfigurationError("--sql: needs --database URL, or the URL in LICENSESPRING_DATABASE")
        if "order by" not in " ".join((self.sql or "").lower().split()):
            warn("--sql has no ORDER BY: an interrupted run may not be able to resume if its rows change order.")
        return self.database


@contextmanager
def warnings_told() -> Generator[None]:
    """Show Python's warnings in the block as the command's own."""

    def tell(message: Warning | str, *_: object) -> None:
        warn(spoken(str(message)))

    with warnings.catch_warnings():
        warnings.simplefilter("default", IgnoredColumn)
        setattr(warnings, "showwarning", tell)  # noqa: B010  # its type names parameters that Python passes by place
        yield


def _mapping(texts: Iterable[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for text in texts:
        ours, _, given = (each.strip() for each in text.partition("="))
        if not (ours and given):
            raise ConfigurationError(f"--map {text}: must be COLUMN=NAME, for example hardware_id=serial")
        if ours in mapping:
            raise ConfigurationError(f"--map {text}: {ours} is mapped to {mapping[ours]} already; leave one out")
        mapping[ours] = given
    return mapping


def _is_stream(path: Path) -> bool:
    with suppress(OSError):  # what cannot be looked at is told when it is read
        return path.is_fifo() or path.is_char_device() or path.is_socket()
    return False
