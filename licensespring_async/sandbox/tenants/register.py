"""The tenants' credentials and the signing key, in the store beside the worlds' state."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import attrs

from ...signing import Signer
from ..errors import SandboxError
from ..state.store import Store
from ..world.credentials import Credentials
from ..world.world import World


@attrs.frozen
class Register:
    """The register of a store's tenants."""

    store: Store

    def enter(self, world: World, given: Mapping[str, str], *, position: int | None) -> Credentials:
        """Return a tenant's stored or new credentials, and move its world's state into the store.

        Args:
            world: The tenant's world.
            given: Credentials to use instead of stored or generated ones.
            position: Without an api_key, the tenant's position in the store; None adds a tenant.

        Raises:
            SandboxError: Another tenant has its client_id, or its world's state is in another file.
        """
        try:
            with self.store.transaction():
                number, kept = self._known(given.get("api_key"), position=position)
                credentials = Credentials(**{**kept, **given})
                number = self._write(number, credentials)
                world.home.move(self.store, number)
        except sqlite3.IntegrityError as error:
            raise SandboxError("another tenant of this database has this client_id; each needs its own") from error
        return credentials

    def signer(self) -> Signer:
        """Return a signer with the store's key, which is generated on first use."""
        with self.store.transaction():
            row = self.store.row("SELECT pem FROM signing_key", {})
            if row is not None:
                return Signer(row[0])
            signer = Signer()
            self.store.change("INSERT INTO signing_key (number, pem) VALUES (1, :pem)", {"pem": signer.private_key()})
            return signer

    def _known(self, api_key: str | None, *, position: int | None) -> tuple[int | None, dict[str, str]]:
        if api_key is None and position is None:
            return None, {}
        row = self.store.row(
            """SELECT number, api_key, shared_key, client_id, client_secret FROM tenant
            WHERE :api_key IS NULL OR api_key = :api_key ORDER BY number LIMIT 1 OFFSET :skipped""",
            {"api_key": api_key, "skipped": 0 if api_key is not None else position},
        )
        if row is None:
            return None, {}
        return row[0], dict(zip(("api_key", "shared_key", "client_id", "client_secret"), row[1:], strict=True))

    def _write(self, number: int | None, credentials: Credentials) -> int:
        self.store.change(
            """INSERT INTO tenant (number, api_key, shared_key, client_id, client_secret)
            VALUES (:number, :api_key, :shared_key, :client_id, :client_secret)
            ON CONFLICT (number) DO UPDATE SET
                shared_key = :shared_key, client_id = :client_id, client_secret = :client_secret""",
            {"number": number, **attrs.asdict(credentials)},
        )
        row = self.store.row("SELECT number FROM tenant WHERE api_key = :api_key", {"api_key": credentials.api_key})
        assert row is not None  # noqa: S101 - it was written in this transaction
        return int(row[0])
