"""Results as Parquet (extra: `parquet`)."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from ...extras import needs_extra
from ...file_writing import Replacement
from ...fleet import Result

_BATCH = 10_000
_LARGEST = 2**63 - 1


@contextmanager
def parquet_output(path: Path) -> Generator[Callable[[Result], None]]:
    """Give a function that adds a result to a file, which appears whole at the end of the block, however that ends.

    Until then there is only a file beside it, because Parquet without its end is nothing.

    Raises:
        ConfigurationError: The extra is not installed.
        OSError: The file cannot be written; what was there before is left.
    """
    with needs_extra("parquet"):
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    schema = _schema(pa)
    waiting: list[Result] = []

    def flush() -> None:
        columns = {name: [_value(getattr(each, name), name) for each in waiting] for name in schema.names}
        writer.write_table(pa.table(columns, schema=schema))
        waiting.clear()

    def write(result: Result) -> None:
        waiting.append(result)
        if len(waiting) >= _BATCH:
            flush()

    new = Replacement(path)
    try:
        try:
            with pq.ParquetWriter(new.file, schema, compression="zstd") as writer:
                try:
                    yield write
                finally:
                    flush()
        except OSError:
            raise
        except BaseException:
            new.put()
            raise
        new.put()
    finally:
        new.discard()


def _schema(pa: Any) -> Any:
    whole, text, moment = pa.int64(), pa.string(), pa.timestamp("us", tz="UTC")
    kinds = {
        **dict.fromkeys(("row", "line", "http_status", "attempts"), whole),
        **dict.fromkeys(("slots_in_use", "slots_allowed", "consumptions_left"), whole),
        **dict.fromkeys(("expires_at", "at"), moment),
        "seconds": pa.float64(),
        "verified": pa.bool_(),
    }
    return pa.schema([(name, kinds.get(name, text)) for name in attrs.fields_dict(Result)])


def _value(value: object, name: str) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # a message may hold what is no text
    if name == "at" and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC)
    # What a server says may be larger than a column holds.
    return max(-_LARGEST, min(value, _LARGEST)) if type(value) is int else value
