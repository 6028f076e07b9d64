"""Read the records of a run, one at a time."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import cast

from ...errors import ConfigurationError
from ...extras import needs_extra
from ...redaction import excerpt
from ..results.cells import from_cell
from ..results.journal import Journal
from ..results.result import KINDS, Result
from ..rows.files.streams import open_text

_SQLITE = b"SQLite format 3\0"
_PARQUET = b"PAR1"
_BATCH = 1_000


def read_records(path: Path) -> Iterator[Result]:
    """Read the records that a run wrote, in bounded memory: JSONL, CSV (packed or not), Parquet, or its journal.

    Args:
        path: The file; its first bytes tell the format.

    Raises:
        ConfigurationError: The file cannot be read, is empty, or has a line that is not a record; the text names file
            and line.
    """
    try:
        if path.is_fifo() or path.is_char_device():
            raise ConfigurationError(
                f"{path}: is a stream, and results are read twice; save them to a file, and name that"
            )
        with path.open("rb") as file:
            start = file.read(len(_SQLITE))
    except OSError as e:
        raise ConfigurationError(f"{path}: cannot be read: {e.strerror or e}") from e
    if start == _SQLITE:
        return _journal(path)
    return _numbered(path, _parquet_rows(path) if start.startswith(_PARQUET) else _text_rows(path))


def _journal(path: Path) -> Iterator[Result]:
    with Journal(path, None) as journal:
        yield from map(_shown, journal.results())


def _numbered(path: Path, rows: Iterator[tuple[int, Mapping[str, object]]]) -> Iterator[Result]:
    line = 0
    while True:
        try:
            entry = next(rows, None)
            if entry is None:
                break
            line, fields = entry
            record = _record(fields)
        except _BadLine as e:
            raise ConfigurationError(f"{path}: line {e.line or line}: {e}") from None
        except OSError as e:
            raise ConfigurationError(f"{path}: cannot be read: {e.strerror or e}") from e
        yield record
    if not line:
        raise ConfigurationError(f"{path}: contains no results")


def _text_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with open_text(path) as text:
        damage: tuple[type[Exception], ...] = (EOFError, *text.damage)
        try:
            first = text.lines.readline()
            lines = chain([first], text.lines) if first else iter(())
            yield from _json_lines(lines) if not first or first.lstrip().startswith("{") else _csv_rows(lines)
        except damage:
            raise ConfigurationError(f"{path}: cannot be read: the {text.packing} data is damaged or cut off") from None


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    with needs_extra("parquet"):
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    number = 0
    try:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(batch_size=_BATCH):
                for fields in batch.to_pylist():
                    number += 1
                    yield number, fields
    except (pa.ArrowException, ValueError, OverflowError) as e:
        raise ConfigurationError(f"{path}: cannot be read as Parquet: {excerpt(str(e))}") from e


class _BadLine(Exception):
    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


def _json_lines(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(lines, 1):
        try:
            value: object = json.loads(line)
        except (ValueError, RecursionError):
            raise _BadLine("is not JSON; was the run interrupted while it wrote this line?", number) from None
        if not isinstance(value, dict):
            raise _BadLine("is not a JSON object", number)
        yield number, cast("dict[str, object]", value)


def _csv_rows(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.reader(lines, strict=True)
    try:
        names = next(reader)
        if not {"row", "outcome"} <= set(names):
            raise _BadLine("is neither JSON nor CSV with the columns row and outcome", 1)
        for cells in reader:
            if len(cells) != len(names):
                raise _BadLine(f"has {len(cells)} cells, the first line has {len(names)}", reader.line_num)
            yield reader.line_num, {name: from_cell(cell) for name, cell in zip(names, cells, strict=True)}
    except csv.Error as e:
        raise _BadLine(f"is not CSV: {e}", reader.line_num) from None


def _record(fields: Mapping[str, object]) -> Result:
    try:
        return _shown(Result.from_fields(fields))
    except ValueError as e:
        raise _BadLine(str(e)) from None


def _shown(result: Result) -> Result:
    return Result(**{name: kind.to_show(getattr(result, name)) for name, kind in KINDS.items()})
