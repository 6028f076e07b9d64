"""The slot of a floating license. The checks of a session renew it; it is given back once, or borrowed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from ... import endpoints
from ...checks import FeatureCheck, LicenseCheck
from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseRefused, LicenseSpringError
from ...leases.opening import Seated
from ...models import Borrowing
from .holding import Holding
from .inquiry import Inquiry
from .knowledge import Knowledge
from .standing import LicenseUnusable, State


class OwnSlot:
    """Check a license in the turn of its slot, which the leases of the client share.

    Args:
        client: Sends the calls.
        check: The license and the device.
        password: The user's password, or None.
        inquiry: Asks the service.
        knowledge: What the session knows.
        holding: Knows which features were borrowed.
    """

    def __init__(
        self,
        client: LicenseSpring,
        check: LicenseCheck,
        password: str | None,
        *,
        inquiry: Inquiry,
        knowledge: Knowledge,
        holding: Holding,
    ) -> None:
        self._client, self._check, self._password = client, check, password
        self._inquiry, self._knowledge, self._holding = inquiry, knowledge, holding
        self._seat: Seated | None = None
        self._is_taken = False

    @asynccontextmanager
    async def seat(self) -> AsyncGenerator[None]:
        """Share the slot during the block, and give it back at the end unless others still hold it."""
        # For leases and sessions only, so it is not public.
        sharing = self._client._seat(self._check)  # pyright: ignore[reportPrivateUsage]
        async with sharing as seat:
            self._seat = seat
            try:
                yield
            finally:
                self._seat = None
                if self._is_ours:
                    await seat.give_back()

    def held(self) -> Seated:
        """Return the session's share of the slot; ConfigurationError if the session is not open."""
        if self._seat is None:
            raise ConfigurationError("the session is not open; use it in `async with`")
        return self._seat

    @property
    def _is_ours(self) -> bool:
        """Whether the session has a slot to give back at its end."""
        standing = self._knowledge.standing
        # A start that was cancelled may have taken a slot, too. But a borrowed one would be lost by its release.
        if standing is None or not self._is_taken or standing.is_deactivated:
            return False
        return standing.license.holds_slot

    async def ask(self, *, opens: bool = False) -> bool:
        """Ask the service; return whether it has answered.

        Raises:
            LicenseSpringError: As `Inquiry.open` and `Inquiry.ask`.
        """
        async with self.held().turn:
            try:
                await (self._inquiry.open() if opens else self._inquiry.ask())
            except LicenseRefused:
                self._is_taken = False
                raise
            except LicenseUnusable:
                # The answer is no yes, but may still give a slot.
                self._is_taken = True
                raise
        is_answered = self._knowledge.known.at(self._knowledge.now())[0] is State.ONLINE
        self._is_taken = self._is_taken or is_answered
        return is_answered

    async def borrow(self, until: datetime | None, feature: str | None) -> Borrowing:
        """Borrow the slot, or that of a feature; as `LicenseSession.borrow`."""
        asked: dict[str, Any] = {**self._check.arguments, "password": self._password, "borrowed_until": until}
        if feature is None:
            call = endpoints.borrow_floating_license(**asked)
        else:
            call = endpoints.borrow_floating_feature(**asked, feature=feature)
        borrowing = (await self._client.perform(call)).value
        if feature is None:
            self._is_taken = False  # the device keeps it, unless the next answer says otherwise
        else:
            self._holding.borrowed(feature, borrowing.borrowed_until)
        return borrowing

    async def give_back(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Give the borrowed slot back, and take it normally with a check; as `LicenseSession.give_back`.

        Without an answer to both, the slot is not certain any more, and does not stand for the time of the borrowing.
        """
        borrowed, is_released = self._knowledge.known.license, False
        try:
            await self._client.perform(self._check.release())
            is_released = True
            await ask()
        except BaseException as error:
            if is_released or not isinstance(error, LicenseSpringError) or error.may_have_acted:
                self._is_taken = True
                if self._knowledge.known.license is borrowed:
                    await self._inquiry.give_up_slot()
            raise

    async def give_back_feature(self, feature: str) -> None:
        """Give the borrowed slot of a feature back, and take it normally if the session holds the feature."""
        try:
            await self._client.perform(FeatureCheck(**self._check.arguments, feature=feature).release())
        except LicenseSpringError as error:
            if error.may_have_acted:
                self._holding.given_back(feature)
            raise
        self._holding.given_back(feature)
        await self._holding.renew(feature)
