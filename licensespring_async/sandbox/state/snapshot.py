"""A world's state at one moment, for restoring it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import attrs

from .store import TABLES, Row, Store


@attrs.frozen
class Snapshot:
    """The rows of one tenant, without its number."""

    _rows: Mapping[str, Sequence[Row]]

    @classmethod
    def of(cls, store: Store, tenant: int) -> Self:
        """Copy a tenant's state."""
        with store.transaction():
            return cls(
                {
                    table: [
                        row[1:]
                        for row in store.rows(f"SELECT * FROM {table} WHERE tenant = :tenant", {"tenant": tenant})  # noqa: S608
                    ]
                    for table in TABLES
                }
            )

    def restore(self, store: Store, tenant: int) -> None:
        """Replace a tenant's state with this one, in one transaction."""
        with store.transaction():
            for table, rows in self._rows.items():
                store.change(f"DELETE FROM {table} WHERE tenant = :tenant", {"tenant": tenant})  # noqa: S608
                store.insert(table, [(tenant, *row) for row in rows])
