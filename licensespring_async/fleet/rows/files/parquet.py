"""Rows from Parquet, a batch at a time (extra: `parquet`)."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ....endpoints.parameters import LONGEST_TEXT
from ....errors import ConfigurationError
from ....extras import needs_extra
from ..row import InvalidRow, Row, keeping, row_from
from .columns import matched

_BATCH = 1000
_BUFFER = 1 << 16  # without one, a whole column of a row group is held
_MOST_UNPACKED = 16 << 20  # bytes of a row group's columns that are packed more densely than devices can be
_DENSEST = 50
_LONGEST = 4 * LONGEST_TEXT  # bytes of a value
_FEW_ROWS = 1_000_000


def rows_of(path: str | Path, mapping: Mapping[str, str], *, keep: Sequence[str] = ()) -> Iterator[Row | InvalidRow]:
    """Yield the rows of a file; read only the columns that are needed.

    Raises:
        ConfigurationError: It is not Parquet, is damaged, lacks a column, decompresses to far more than its size, or
            the extra is not installed.
        OSError: It cannot be opened.
    """
    with needs_extra("parquet"):
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    row = 0
    with ExitStack() as stack:
        files = [stack.enter_context(Path(path).open("rb")) for _ in range(2)]

        def open_next(**options: Any) -> Any:
            return stack.enter_context(pq.ParquetFile(files.pop(), buffer_size=_BUFFER, pre_buffer=False, **options))

        try:
            plain = open_next()
            wanted, places = _needed(plain.schema_arrow, mapping, keep, str(path))
            _refuse_bombs(plain.metadata, wanted, str(path))
            coded = open_next(read_dictionary=_texts(plain.schema_arrow, wanted))
            for group in range(plain.num_row_groups):
                options = {"row_groups": [group], "columns": list(wanted), "use_threads": False}
                # Read by dictionary, a text that many rows share is held once. Unique texts take more memory that way.
                parquet = coded if _has_long_text(coded, options) else plain
                for batch in parquet.iter_batches(batch_size=_BATCH, **options):
                    names = batch.schema.names
                    ours = [wanted[name] for name in names]
                    at = {name: names.index(given) for name, given in places.items()}
                    for values in zip(*(_values(batch.column(name)) for name in names), strict=True):
                        row += 1
                        found = row_from(dict(zip(ours, values, strict=True)), row=row)
                        yield keeping(found, {name: values[place] for name, place in at.items()})
        except (pa.ArrowException, OSError) as e:
            raise ConfigurationError(f"{path}: cannot be read as Parquet: {_first_line(e)}") from e


def _needed(
    schema: Any, mapping: Mapping[str, str], keep: Sequence[str], path: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return our name for each needed column, and the column for each kept name."""
    names = [str(each) for each in schema.names]
    ours, at = matched(names, mapping, keep, source=path, advice="The file must have the columns")
    places = {name: names[place] for name, place in at.items()}
    kept = {*places.values()}
    wanted = {given: name for given, name in zip(names, ours, strict=True) if name or given in kept}
    if wrong := [given for given in wanted if not _may_hold_values(schema.field(given).type)]:
        raise ConfigurationError(f"{path}: {' and '.join(wrong)}: must be text or whole numbers, not lists")
    return wanted, places


def _may_hold_values(kind: Any) -> bool:
    stored = getattr(kind, "storage_type", kind)
    if str(stored).startswith("fixed_size_binary"):  # UUIDs, which may be an extension type
        return bool(stored.byte_width <= LONGEST_TEXT)
    return stored is kind and not kind.num_fields


def _texts(schema: Any, wanted: Iterable[str]) -> list[str]:
    """Return the columns that can be read by dictionary."""
    kinds = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    return [each for each in wanted if str(schema.field(each).type) in kinds]


def _has_long_text(coded: Any, options: dict[str, Any]) -> bool:
    """Return whether a row group's dictionaries, which come with its first row, have a text too long for a value."""
    for batch in coded.iter_batches(batch_size=1, **options):
        dictionaries = [each.dictionary for each in batch.columns if hasattr(each, "dictionary")]
        return any(_longest(each) > _LONGEST for each in dictionaries)
    return False


def _refuse_bombs(metadata: Any, wanted: Container[str], path: str) -> None:
    """Refuse a small file that decompresses to a huge one: a run must not run out of memory."""
    size = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        chunks = [group.column(number) for number in range(group.num_columns)]
        chunks = [each for each in chunks if each.path_in_schema in wanted]
        size += sum(each.total_compressed_size for each in chunks)
        dense = sum(
            each.total_uncompressed_size
            for each in chunks
            if each.total_uncompressed_size > _DENSEST * each.total_compressed_size
        )
        if dense > _MOST_UNPACKED:
            raise ConfigurationError(
                f"{path}: unpacks to {dense:,} bytes, more than {_DENSEST} times its size; write it in smaller "
                "row groups, with dictionaries"
            )
    if metadata.num_rows > max(_FEW_ROWS, 10 * size):
        raise ConfigurationError(f"{path}: has {metadata.num_rows:,} rows in {size:,} bytes; they cannot be devices")


def _longest(dictionary: Any) -> int:
    from pyarrow import compute  # noqa: PLC0415

    functions: Any = compute  # made as it is imported
    return int(functions.max(functions.binary_length(dictionary)).as_py() or 0)


def _values(column: Any) -> list[object]:
    dictionary = getattr(column, "dictionary", None)
    if dictionary is not None:
        places = column.indices.to_pylist()
        texts = {place: None if place is None else _value(dictionary[place]) for place in set(places)}
        return [texts[place] for place in places]
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return [_value(each) for each in column]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return UnreadableValue(scalar)


class UnreadableValue:
    """A value that Python has no object for: text that is not UTF-8, a nanosecond, a date after the year 9999."""

    def __init__(self, scalar: Any) -> None:
        self._scalar = scalar

    def __str__(self) -> str:
        try:
            return str(self._scalar.cast("string").cast("binary").as_py(), "utf-8", "backslashreplace")
        except ValueError:  # Arrow cannot write it either
            return ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
