"""Records of a run, read back one at a time."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import cast

from ...errors import ConfigurationError
from ...extras import needs_extra
from ...redaction import excerpt, fingerprint
from ..results.journal import Journal
from ..results.result import FORMULA_STARTS, Outcome, Result
from ..rows.files.streams import open_text

_SQLITE = b"SQLite format 3\0"
_PARQUET = b"PAR1"
_BATCH = 1_000
_FINGERPRINT = re.compile(r"(#[0-9a-f]{16})?")
_LATEST = 253_402_300_799.0  # the end of year 9999, where datetime ends
_LONGEST_WAIT = 1e8
_MOST = 10**15


def read_records(path: Path) -> Iterator[Result]:
    """Read the records that a run wrote, in bounded memory: JSONL, CSV (packed or not), Parquet, or its journal.

    Args:
        path: The file; what it is shows in its first bytes.

    Raises:
        ConfigurationError: The file cannot be read, is empty, or has a line that is no record; it names file and line.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_SQLITE))
    except OSError as e:
        raise ConfigurationError(f"{path}: cannot be read: {e.strerror or e}") from e
    if start == _SQLITE:
        return _journal(path)
    return _numbered(path, _parquet_rows(path) if start.startswith(_PARQUET) else _text_rows(path))


def _journal(path: Path) -> Iterator[Result]:
    with Journal(path, None) as journal:
        yield from journal.results()


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
        raise ConfigurationError(f"{path}: holds no results")


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
                    yield number, {name: _unparquet(value, name) for name, value in fields.items()}
    except (pa.ArrowException, ValueError) as e:
        raise ConfigurationError(f"{path}: cannot be read as Parquet: {excerpt(str(e))}") from e


def _unparquet(value: object, name: str) -> object:
    if isinstance(value, datetime):
        return value.timestamp() if name == "at" else value.isoformat()
    return value


class _BadLine(Exception):
    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


def _json_lines(lines: Iterator[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(lines, 1):
        try:
            value: object = json.loads(line)
        except (ValueError, RecursionError):
            raise _BadLine("is not JSON; was the run interrupted while it wrote?", number) from None
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
            yield reader.line_num, {name: _plain(cell) for name, cell in zip(names, cells, strict=True)}
    except csv.Error as e:
        raise _BadLine(f"is not CSV: {e}", reader.line_num) from None


def _plain(cell: str) -> str:
    """Undo the quote by which a spreadsheet is kept from taking a text for a formula."""
    return cell[1:] if cell.startswith("'") and cell.startswith(FORMULA_STARTS, 1) else cell


def _record(fields: Mapping[str, object]) -> Result:
    row = _number(fields, "row", _MOST)
    if row is None:
        raise _BadLine("has no row")
    try:
        outcome = Outcome(str(fields.get("outcome")))
    except ValueError:
        raise _BadLine(f"outcome: must be one of {', '.join(Outcome)}") from None
    return Result(
        row=int(row),
        line=_count(fields, "line"),
        http_status=_count(fields, "http_status"),
        outcome=outcome,
        code=_text(fields, "code"),
        message=_text(fields, "message"),
        product=_text(fields, "product"),
        feature=_text(fields, "feature"),
        hardware=_name(fields, "hardware"),
        key=_name(fields, "key"),
        attempts=_count(fields, "attempts") or 0,
        seconds=_number(fields, "seconds", _LONGEST_WAIT) or 0.0,
        expires_at=_moment(fields),
        slots_in_use=_count(fields, "slots_in_use"),
        slots_allowed=_count(fields, "slots_allowed"),
        consumptions_left=_count(fields, "consumptions_left"),
        verified=str(fields.get("verified", "")).lower() == "true",
        at=_number(fields, "at", _LATEST),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadLine(f"{name}: must be text")
    return excerpt(value)


def _name(fields: Mapping[str, object], name: str) -> str:
    # A file of other origin may hold the secret itself where a fingerprint belongs.
    text = _text(fields, name)
    return text if _FINGERPRINT.fullmatch(text) else fingerprint(str(fields[name]))


def _number(fields: Mapping[str, object], name: str, most: float) -> float | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _BadLine(f"{name}: must be a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _BadLine(f"{name}: must be a number") from None
    if not math.isfinite(number) or abs(number) > most:
        raise _BadLine(f"{name}: is out of range")
    # Only consumptions may be below nothing: overages.
    if number < 0 and name != "consumptions_left":
        raise _BadLine(f"{name}: must not be negative")
    return number


def _count(fields: Mapping[str, object], name: str) -> int | None:
    number = _number(fields, name, _MOST)
    return None if number is None else int(number)


def _moment(fields: Mapping[str, object]) -> datetime | None:
    text = _text(fields, "expires_at")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _BadLine("expires_at: must be an ISO 8601 date-time") from None
