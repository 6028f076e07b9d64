"""Results as Parquet (extra: `parquet`)."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ...extras import needs_extra
from ...file_writing import Replacement
from ...fleet import Result
from ...fleet.results.fields import TEXT
from ...fleet.results.result import KINDS

Write: TypeAlias = Callable[[Sequence[Result]], None]
"""Writes results to an output."""

_BATCH = 10_000


@contextmanager
def parquet_output(path: Path, kept: Sequence[str] = (), earlier: Iterable[Result] = ()) -> Generator[Write]:
    """Yield a function that adds results; the whole file appears at the end of the block, however the block ends.

    Until then only a temporary file beside it exists: Parquet without its end is unreadable.

    Args:
        path: The file; an existing file is replaced.
        kept: Columns of the input that the results have.
        earlier: Results to write first.

    Raises:
        ConfigurationError: The extra is not installed.
        OSError: The file cannot be written; an existing file is left unchanged.
    """
    with needs_extra("parquet"):
        import pyarrow as pa  # noqa: PLC0415  # an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    own = [(name, _type(pa, *kind.column)) for name, kind in KINDS.items()]
    schema = pa.schema([*own, *((name, pa.string()) for name in kept)])
    waiting: list[Result] = []

    def flush() -> None:
        columns = {name: [kind.to_column(getattr(each, name)) for each in waiting] for name, kind in KINDS.items()}
        columns |= {name: [TEXT.to_column(each.kept.get(name, "")) for each in waiting] for name in kept}
        writer.write_table(pa.table(columns, schema=schema))
        waiting.clear()

    def write(results: Sequence[Result]) -> None:
        waiting.extend(results)
        if len(waiting) >= _BATCH:
            flush()

    new = Replacement(path)
    has_earlier = False
    try:
        try:
            with pq.ParquetWriter(new.file, schema, compression="zstd") as writer:
                for each in earlier:
                    write([each])
                has_earlier = True
                try:
                    yield write
                finally:
                    flush()
        except OSError:
            raise
        except BaseException:
            if has_earlier:
                new.put()
            raise
        new.put()
    finally:
        new.discard()


def _type(pa: Any, name: str, *args: str) -> Any:
    return getattr(pa, name)(*args)
