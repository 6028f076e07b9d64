"""The state of a world at one moment, to come back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Self

import attrs

from .store import Row, Store

# Every table of what requests change; the tenant is its first column.
_TABLES: Final = ("license", "device", "slot", "consumption")


@attrs.frozen
class Snapshot:
    """The rows of one tenant, without its number."""

    _rows: Mapping[str, Sequence[Row]]

    @classmethod
    def of(cls, store: Store, tenant: int) -> Self:
        """Take a tenant's state."""
        with store.transaction():
            return cls(
                {
                    table: [
                        row[1:]
                        for row in store.rows(f"SELECT * FROM {table} WHERE tenant = :tenant", {"tenant": tenant})  # noqa: S608
                    ]
                    for table in _TABLES
                }
            )

    def restore(self, store: Store, tenant: int) -> None:
        """Replace a tenant's state by this, at once."""
        with store.transaction():
            for table, rows in self._rows.items():
                store.change(f"DELETE FROM {table} WHERE tenant = :tenant", {"tenant": tenant})  # noqa: S608
                if rows:
                    marks = ", ".join("?" for _ in range(len(rows[0]) + 1))
                    store.change_many(
                        f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608
                        ((tenant, *row) for row in rows),
                    )
