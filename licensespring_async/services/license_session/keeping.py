"""The store of a session, off the event loop."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
import attrs

from ...errors import ConfigurationError, LicenseSpringError
from ...models import License
from ...offline import Doubt, LicenseStore, LicenseStoreError, NothingStored, Stored, Uses
from ...offline.files import read_either
from ...offline.verifying import Trust
from ...redaction import Unpickled
from ...transport import RawResponse

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("licensespring_async.services")


@attrs.frozen(kw_only=True)
class Keeping(Unpickled):
    """Keeps what a session knows across restarts; without a store it keeps nothing.

    A write that has begun is finished, also when the caller is cancelled.

    Attributes:
        store: Where, or None.
        trust: What a stored license is checked against.
    """

    store: LicenseStore | None
    trust: Trust

    async def recall(self) -> Stored:
        """Return what is stored, verified again; as `LicenseStore.recall`."""
        if self.store is None:
            raise NothingStored("the session has no store")
        return await _run(self.store.recall, self.trust)

    async def holds_offline(self) -> bool:
        """Return whether what is stored stands without the service."""
        return self.store is not None and await _run(self.store.holds_offline)

    async def settled(self) -> Mapping[str, int]:
        """Return what the count in an answer that is asked for now will have in it; as `StoredUses.settled`."""
        if self.store is None:
            return {}
        try:
            return await _run(self.store.uses.settled)
        except LicenseStoreError:
            # Whatever is wrong with the store, the service has to be asked: it may say no.
            return {}

    async def keep(self, answer: RawResponse[License], known: Mapping[str, int]) -> None:
        """Keep an answer, unless an offline file or an air-gap confirmation is stored: that one stands longer."""
        store = self.store
        if store is None:
            return

        def keep() -> None:
            if not store.holds_offline():
                store.save(answer, known=known)

        await _run(keep)

    async def forget(self) -> None:
        """Drop the answer that is stored, which a refusal has ended; what stands without the service stays."""
        store = self.store
        if store is None:
            return

        def forget() -> None:
            if not store.holds_offline():
                store.forget()

        with anyio.CancelScope(shield=True):
            try:
                await _run(forget)
            except LicenseSpringError as error:
                # The refusal is what the caller has to hear of.
                _log.error("an answer that was refused is still stored: %s", error)

    async def take(self, text: str) -> License:
        """Put a file in place of what is stored, once it is verified."""
        store, trust = self.store, self.trust
        if store is None or trust.auth is None:
            raise ConfigurationError(
                "a file needs a store to be kept and credentials to be checked: pass store and auth"
            )
        license = read_either(
            text,
            auth=trust.auth,
            hardware_id=trust.hardware_id,
            product=trust.product,
            public_key=trust.public_key,
        )
        await _run(store.save, text)
        return license

    async def clear(self) -> None:
        """Empty the store."""
        if self.store is not None:
            await _run(self.store.clear)

    async def uses(self) -> Uses:
        """Return the uses that the service may not have heard of."""
        return Uses() if self.store is None else await _run(self.store.uses.read)

    async def keep_uses(self, consumptions: int, feature: str | None) -> int | None:
        """Count uses here; as `StoredUses.keep`."""
        if self.store is None:
            raise NothingStored("the session has no store that could keep uses")
        return await _run(self.store.uses.keep, consumptions, feature, self.trust)

    async def begin(self, consumptions: int, feature: str | None) -> Doubt | None:
        """Note that uses are about to be sent; None without a store."""
        return (
            None if self.store is None else await _run(self.store.uses.begin, consumptions, feature, self.trust.whose)
        )

    async def begin_kept(self, feature: str | None) -> Doubt | None:
        """Note that the kept uses of a feature are about to be sent; None if there are none."""
        return None if self.store is None else await _run(self.store.uses.begin_kept, feature, self.trust.whose)

    async def end(self, doubt: Doubt | None, *, counted: bool, keep: bool = False) -> None:
        """Say what became of uses; as `StoredUses.end`."""
        if self.store is not None and doubt is not None:
            with anyio.CancelScope(shield=True):
                await _run(functools.partial(self.store.uses.end, doubt.id, counted=counted, keep=keep))


async def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await anyio.to_thread.run_sync(functools.partial(function, *args, **kwargs))
