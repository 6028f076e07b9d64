"""Where a world's state is stored, and within it the state of one license or feature."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

import attrs

from ..errors import SandboxError
from .store import Row, Store, Value

_FIRST_DEVICE_ID: Final = 1_742_000_000_000_023
_DEVICE_ID_STEP: Final = 6_007
_MOVED: Final = ("license", "consumption", "user", "trial")


@attrs.define(eq=False)
class Home:
    """Where a world's state is stored: in its own store in memory, until it moves into a sandbox's file."""

    tenant: int = 0
    now: Callable[[], datetime] | None = None
    opened: datetime | None = None
    _store: Store | None = None

    @property
    def store(self) -> Store:
        """The store, created on first use."""
        if self._store is None:
            self._store = Store()
        return self._store

    def open(self, now: Callable[[], datetime]) -> None:
        """Use a sandbox's clock from now on."""
        self.now = now
        self.opened = self.opened or now()

    def move(self, store: Store, tenant: int) -> None:
        """Move into another store, as one of its tenants; keep what that store has about this tenant.

        Raises:
            SandboxError: The state is already in another file.
        """
        here = self.store
        if here.is_file:
            if store.is_file and store is not here:
                raise SandboxError("this world's state is in another file; build a second world")
            return  # two sandboxes share the world: its state stays in the file
        was = {"tenant": self.tenant}
        devices = here.rows(
            "SELECT license, hardware_id, active, blacklisted, details, variables FROM device WHERE tenant = :tenant"
            " ORDER BY id",
            was,
        )
        with store.transaction():
            for table in _MOVED:
                rows = here.rows(f"SELECT * FROM {table} WHERE tenant = :tenant", was)  # noqa: S608
                store.insert(table, [(tenant, *row[1:]) for row in rows], new_only=True)
            first = next_device_id(store, tenant)
            store.change_many(
                "INSERT OR IGNORE INTO device"
                " (tenant, id, license, hardware_id, active, blacklisted, details, variables)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((tenant, first + number * _DEVICE_ID_STEP, *row) for number, row in enumerate(devices)),
            )
        self._store, self.tenant = store, tenant


@attrs.frozen
class Place:
    """Where one license or one of its features is stored; a license without a world has its own home."""

    home: Home = attrs.field(factory=Home)
    license: str = ""
    feature: str = ""

    def inside(self, name: str) -> Place:
        """Return the place of a sub-license."""
        return Place(self.home, f"{self.license}\n{name}")

    def of_feature(self, code: str) -> Place:
        """Return the place of one of the license's features."""
        return Place(self.home, self.license, code)

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block as one transaction."""
        return self.home.store.transaction()

    def change(self, statement: str, **values: Value) -> int:
        """Run a statement about this place, and return how many rows it changed."""
        return self.home.store.change(statement, self._with(values))

    def row(self, query: str, **values: Value) -> Row | None:
        """Return the first row of a query about this place."""
        return self.home.store.row(query, self._with(values))

    def rows(self, query: str, **values: Value) -> list[Row]:
        """Return the rows of a query about this place."""
        return self.home.store.rows(query, self._with(values))

    def _with(self, values: dict[str, Value]) -> dict[str, Value]:
        values |= {"tenant": self.home.tenant, "license": self.license, "feature": self.feature}
        return values


def next_device_id(store: Store, tenant: int) -> int:
    """Return an unused device id of the tenant."""
    row = store.row("SELECT max(id) FROM device WHERE tenant = :tenant", {"tenant": tenant})
    return _FIRST_DEVICE_ID if row is None or row[0] is None else int(row[0]) + _DEVICE_ID_STEP
