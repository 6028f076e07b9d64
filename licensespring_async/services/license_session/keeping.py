"""The store of a session, off the event loop."""

from __future__ import annotations

import logging

import anyio
import anyio.to_thread
import attrs

from ...auth import ApiKey, ClientCredentials
from ...errors import ConfigurationError, LicenseSpringError
from ...models import License
from ...offline import LicenseStore, NothingStored, Stored
from ...offline.files import read_either
from ...redaction import Unpickled
from ...transport import RawResponse

_log = logging.getLogger("licensespring_async.services")


@attrs.frozen(kw_only=True)
class Keeping(Unpickled):
    """Keeps what a session knows across restarts; without a store it keeps nothing.

    A write that has begun is finished, also when the caller is cancelled.

    Attributes:
        store: Where, or None.
        auth: Credentials that offline files are checked by, or None.
        public_key: PEM of the key that the service signs with; None for the vendor's.
        hardware_id: Unique id of the device.
        product: Short code of the product.
    """

    store: LicenseStore | None
    auth: ApiKey | ClientCredentials | None = attrs.field(repr=False)
    public_key: str | None
    hardware_id: str = attrs.field(repr=False)
    product: str

    async def recall(self) -> Stored:
        """Return what is stored, verified again; as `LicenseStore.recall`."""
        store = self.store
        if store is None:
            raise NothingStored("the session has no store")

        def recall() -> Stored:
            return store.recall(
                hardware_id=self.hardware_id, product=self.product, auth=self.auth, public_key=self.public_key
            )

        return await anyio.to_thread.run_sync(recall)

    async def holds_file(self) -> bool:
        """Return whether an offline file is stored."""
        return self.store is not None and await anyio.to_thread.run_sync(self.store.holds_file)

    async def keep(self, answer: RawResponse[License]) -> None:
        """Keep an answer, unless an offline file is stored: that one stands longer."""
        store = self.store
        if store is None:
            return

        def keep() -> None:
            if not store.holds_file():
                store.save(answer)

        await anyio.to_thread.run_sync(keep)

    async def forget(self) -> None:
        """Drop the answer that is stored, which a refusal has ended; an offline file stays."""
        store = self.store
        if store is None:
            return

        def forget() -> None:
            if not store.holds_file():
                store.clear()

        with anyio.CancelScope(shield=True):
            try:
                await anyio.to_thread.run_sync(forget)
            except LicenseSpringError as error:
                # The refusal is what the caller has to hear of.
                _log.error("an answer that was refused is still stored: %s", error)

    async def take(self, text: str) -> License:
        """Put a file in place of what is stored, once it is verified."""
        store, auth = self.store, self.auth
        if store is None or auth is None:
            raise ConfigurationError(
                "a file needs a store to be kept and credentials to be checked: pass store and auth"
            )
        license = read_either(
            text, auth=auth, hardware_id=self.hardware_id, product=self.product, public_key=self.public_key
        )
        await anyio.to_thread.run_sync(store.save, text)
        return license

    async def clear(self) -> None:
        """Empty the store."""
        if self.store is not None:
            await anyio.to_thread.run_sync(self.store.clear)
