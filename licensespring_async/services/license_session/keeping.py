"""The store of a session, used in worker threads."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
import attrs

from ...errors import AnswerMismatch, ConfigurationError, LicenseSpringError
from ...models import License
from ...offline import Doubt, LicenseStore, LicenseStoreError, NothingStored, Stored, StoreUnusable, Uses
from ...offline.files import read_either
from ...offline.verifying import Trust
from ...redaction import Unpickled
from ...transport import RawResponse

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("licensespring_async.services")


@attrs.frozen(kw_only=True)
class Keeping(Unpickled):
    """Keep a session's license and uses across restarts. Without a store, keep nothing.

    A write that has begun is completed, even if the caller is cancelled.

    Attributes:
        store: The store, or None.
        trust: What a stored license is checked against.
    """

    store: LicenseStore | None
    trust: Trust

    async def recall(self) -> Stored:
        """Verify and return the stored license; as `LicenseStore.recall`."""
        if self.store is None:
            raise NothingStored("the session has no store")
        return await _run(self.store.recall, self.trust)

    async def holds_offline(self) -> bool:
        """Return whether an offline file or an air-gap confirmation is stored."""
        return self.store is not None and await _run(self.store.holds_offline)

    async def settled(self) -> Mapping[str, int]:
        """Return the uses that the next answer will have counted; as `StoredUses.settled`."""
        if self.store is None:
            return {}
        try:
            return await _run(self.store.uses.settled)
        except LicenseStoreError:
            # The service must be asked even if the store is broken: it may refuse.
            return {}

    async def keep(self, answer: RawResponse[License], known: Mapping[str, int]) -> None:
        """Store an answer, unless an offline file or an air-gap confirmation is stored: those stand longer."""
        if self.store is not None:
            with self._written_if_possible("the license"):
                await _run(functools.partial(self.store.keep, answer, known=known))

    async def see(self, moment: float) -> None:
        """Have the store see a moment; as `LicenseStore.see`."""
        if self.store is not None:
            with self._written_if_possible("the time of the license"):
                await _run(self.store.see, moment)

    @contextmanager
    def _written_if_possible(self, what: str) -> Generator[None]:
        """Log that the store cannot be written: a full disk ends no license."""
        try:
            yield
        except StoreUnusable as error:
            _log.error("%s of %s could not be stored: %s", what, self.trust.product, error)

    async def forget(self) -> None:
        """Drop the stored answer, which no longer stands; as `LicenseStore.forget_answer`."""
        if self.store is None:
            return
        with anyio.CancelScope(shield=True):
            try:
                await _run(self.store.forget_answer, self.trust)
            except LicenseSpringError as error:
                # The caller has to see why it no longer stands, not this.
                _log.error("a license that no longer stands is still stored: %s", error)

    async def take(self, text: str) -> License:
        """Verify a file, and store it in place of the stored license."""
        store, trust = self.store, self.trust
        if store is None or trust.auth is None:
            raise ConfigurationError(
                "store / auth: a file needs a store to keep it in, and credentials to check it; pass both"
            )
        license = read_either(
            text,
            auth=trust.auth,
            hardware_id=trust.hardware_id,
            product=trust.product,
            public_key=trust.public_key,
        )
        if trust.is_of_another(license):
            # Uses that it allows would be sent for the session's own key or user.
            raise AnswerMismatch("the file is for another license key or user; take it in a session of that one")
        await _run(store.save, text)
        return license

    async def clear(self) -> None:
        """Empty the store."""
        if self.store is not None:
            await _run(self.store.clear)

    async def uses(self) -> Uses:
        """Return the uses that the service may not have counted."""
        return Uses() if self.store is None else await _run(self.store.uses.read)

    async def keep_uses(self, consumptions: int, feature: str | None) -> int | None:
        """Count uses in the store; as `StoredUses.keep`."""
        if self.store is None:
            raise NothingStored("the session has no store to keep uses in")
        return await _run(self.store.uses.keep, consumptions, feature, self.trust)

    async def begin(self, consumptions: int, feature: str | None) -> Doubt | None:
        """Record that uses are about to be sent; None without a store."""
        return (
            None if self.store is None else await _run(self.store.uses.begin, consumptions, feature, self.trust.whose)
        )

    async def begin_kept(self, feature: str | None) -> Doubt | None:
        """Record that the kept uses of a feature are about to be sent; None if there are none, or they cannot be."""
        if self.store is not None:
            with self._written_if_possible("the sending of kept uses"):
                return await _run(self.store.uses.begin_kept, feature, self.trust.whose)
        return None

    async def end(self, doubt: Doubt | None, *, counted: bool, keep: bool = False) -> None:
        """Record what became of uses; as `StoredUses.end`."""
        if self.store is not None and doubt is not None:
            with anyio.CancelScope(shield=True):
                await _run(functools.partial(self.store.uses.end, doubt.id, counted=counted, keep=keep))


async def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await anyio.to_thread.run_sync(functools.partial(function, *args, **kwargs))
