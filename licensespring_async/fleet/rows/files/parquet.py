"""Rows from Parquet, a batch at a time (extra: `parquet`)."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ....errors import ConfigurationError
from ....extras import needs_extra
from ..row import InvalidRow, Row, row_from
from .columns import our_names

_BATCH = 1000
_BUFFER = 1 << 16  # without one, a whole column of a row group is held


def rows_of(path: str | Path, mapping: Mapping[str, str]) -> Iterator[Row | InvalidRow]:
    """Return the rows of a file, of which only the columns that are needed are read.

    Raises:
        ConfigurationError: It is no Parquet, is damaged, lacks a column, or the extra is not installed.
        OSError: It cannot be opened.
    """
    with needs_extra("parquet"):
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    row = 0
    with Path(path).open("rb") as file:
        try:
            with pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as parquet:
                names = [str(each) for each in parquet.schema_arrow.names]
                ours = our_names(names, mapping, source=str(path), advice="The file must have the columns")
                wanted = {given: name for given, name in zip(names, ours, strict=True) if name}
                for batch in parquet.iter_batches(batch_size=_BATCH, columns=list(wanted), use_threads=False):
                    columns = {wanted[name]: _values(batch.column(name)) for name in batch.schema.names}
                    for values in zip(*columns.values(), strict=True):
                        row += 1
                        yield row_from(dict(zip(columns, values, strict=True)), row=row)
        except (pa.ArrowException, OSError) as e:
            raise ConfigurationError(f"{path}: cannot be read as Parquet: {_first_line(e)}") from e


def _values(column: Any) -> list[object]:
    try:
        return list(column.to_pylist())
    except ValueError:  # one of them is no UTF-8, or no date of Python's
        return [_value(each) for each in column]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except ValueError:
        return scalar


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
