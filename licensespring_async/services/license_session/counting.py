"""Count uses: through the service, or in the store while the service cannot be asked.

Uses are marked as in doubt on disk before they are sent, until the answer comes. Whatever happens in between (a crash,
a lost answer, a cancellation) leaves them in doubt. A person or the program resolves that. Nothing is sent twice by
itself.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import attrs

from ... import endpoints
from ...checks import LicenseCheck
from ...client import LicenseSpring
from ...errors import (
    ApiError,
    FeatureExpired,
    FeatureNotEnoughConsumptions,
    InvalidLicenseFeatureCode,
    LicenseNotEnoughConsumptions,
    LicenseRefused,
    LicenseSpringError,
    UnsupportedProductFeature,
)
from ...models import Consumption
from ...offline import Doubt, LicenseStoreError
from ...redaction import Unpickled
from ...transport.events import DoubtEvent
from ...transport.values import Call
from .keeping import Keeping
from .knowledge import Knowledge
from .standing import LicenseUnusable, State

_log = logging.getLogger("licensespring_async.services")
# How long a closing session waits for the answer to uses it has sent. If cancelled, they would be in doubt.
_LAST_WORD_SECONDS = 30.0
# Refusals of uses, or of a feature; the license may be used all the same.
_OF_USES: Final = (
    FeatureExpired,
    FeatureNotEnoughConsumptions,
    InvalidLicenseFeatureCode,
    LicenseNotEnoughConsumptions,
    UnsupportedProductFeature,
)


class UsesKept(LicenseSpringError):
    """The service did not count the kept uses; nothing else was done.

    Attributes:
        consumptions: How many.
    """

    def __init__(self, consumptions: int) -> None:
        super().__init__(consumptions)
        self.consumptions = consumptions

    def __str__(self) -> str:
        return f"the service did not count {self.consumptions} kept uses; the log says why"


@attrs.frozen(kw_only=True)
class Use:
    """Uses that were counted.

    Attributes:
        consumptions: How many.
        feature: Code of their feature; None for uses of the license itself.
        is_settled: Whether the service has counted them. If not, they are kept and sent later.
        left: How many are left, as far as is known; None if there is no limit.
        answer: The service's counts afterwards; None if it was not asked.
    """

    consumptions: int
    feature: str | None
    is_settled: bool
    left: int | None
    answer: Consumption | None = None


@attrs.frozen(kw_only=True)
class Counting(Unpickled):
    """Count the uses of one license.

    Attributes:
        client: Sends them.
        check: The license and the device.
        keeping: Stores them.
        knowledge: Knows whether the service can be asked.
        miss: Called with the error of a call that the service did not answer.
        refuse: Called with a refusal of the license itself.
    """

    client: LicenseSpring
    check: LicenseCheck
    keeping: Keeping
    knowledge: Knowledge
    miss: Callable[[LicenseSpringError], Awaitable[None]]
    refuse: Callable[[LicenseRefused], Awaitable[None]]

    async def consume(self, consumptions: int, feature: str | None) -> Use:
        """Count uses; as `LicenseSession.consume`."""
        call = self._call(consumptions, feature)
        state, reason = self.knowledge.known.at(self.knowledge.now())
        if not state.is_usable:
            raise LicenseUnusable(state, reason)
        if state is State.ONLINE or self.keeping.store is None:
            doubt = await self.keeping.begin(consumptions, feature)
            try:
                answer = (await self.client.perform(call)).value
            except LicenseSpringError as error:
                if error.may_have_acted:
                    self._doubt(doubt, type(error).__name__)
                else:
                    await self.keeping.end(doubt, counted=False)
                if error.is_undecided:
                    await self.miss(error)
                elif isinstance(error, LicenseRefused) and not isinstance(error, _OF_USES):
                    await self.refuse(error)
                if error.may_have_acted or not error.is_undecided or doubt is None:
                    raise
            else:
                try:
                    await self.keeping.end(doubt, counted=True)
                except LicenseStoreError as error:
                    # The caller would take an error for a use that was not counted, and count it again.
                    self._doubt(doubt, f"counted, but {type(error).__name__}")
                left = answer.remaining_consumptions
                return Use(consumptions=consumptions, feature=feature, is_settled=True, left=left, answer=answer)
        return await self._keep(consumptions, feature)

    async def _keep(self, consumptions: int, feature: str | None) -> Use:
        left = await self.keeping.keep_uses(consumptions, feature)
        return Use(consumptions=consumptions, feature=feature, is_settled=False, left=left)

    async def settle(self) -> None:
        """Send the kept uses, all of one feature at once. Those that the service refuses stay kept.

        Raises:
            LicenseStoreError: The store cannot be used; the uses that were sent last are in doubt.
        """
        uses = await self.keeping.uses()
        if uses and uses.whose != self.keeping.trust.whose:
            _log.warning("the store has uses of another license key or user of %s; they stay there", self.check.product)
            return
        for name in uses.kept:
            with anyio.move_on_after(_LAST_WORD_SECONDS, shield=True):
                if not await self._send(name or None):
                    return

    async def _send(self, feature: str | None) -> bool:
        """Send the kept uses of one feature; return whether the service can be asked for more."""
        doubt = await self.keeping.begin_kept(feature)
        if doubt is None:
            return True
        try:
            await self.client.perform(self._call(doubt.consumptions, feature))
        except LicenseSpringError as error:
            if error.may_have_acted:
                self._doubt(doubt, type(error).__name__)
                return False
            await self.keeping.end(doubt, counted=False, keep=True)
            what = _named(self.check.product, feature)
            _log.warning("%d kept uses of %s were not counted, and stay kept: %s", doubt.consumptions, what, error)
            return isinstance(error, ApiError) and not error.is_undecided
        await self.keeping.end(doubt, counted=True)
        _log.info("%d kept uses of %s are counted now", doubt.consumptions, _named(self.check.product, feature))
        return True

    async def resolve(self, id: str, *, was_counted: bool) -> None:
        """Resolve uses in doubt; as `LicenseSession.resolve`."""
        await self.keeping.end((await self.keeping.uses()).doubt(id), counted=was_counted, keep=True)

    async def tell_doubts(self) -> None:
        """Report uses that an earlier run left in doubt."""
        for each in (await self.keeping.uses()).doubts:
            self._doubt(each, "an earlier run got no answer")

    def _doubt(self, doubt: Doubt | None, why: str) -> None:
        if doubt is None:
            return
        feature, number = doubt.feature, doubt.consumptions
        _log.warning("%d uses of %s are in doubt: %s", number, _named(self.check.product, feature), why)
        self.client.report(DoubtEvent(product=self.check.product, feature=feature, consumptions=number, id=doubt.id))

    def _call(self, consumptions: int, feature: str | None) -> Call[Consumption]:
        asked: dict[str, Any] = {**self.check.arguments, "consumptions": consumptions}
        if feature is None:
            return endpoints.add_consumption(**asked)
        return endpoints.add_feature_consumption(**asked, feature=feature)


def _named(product: str, feature: str | None) -> str:
    return product if feature is None else f"the feature {feature} of {product}"
