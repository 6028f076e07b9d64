"""A feature or license that a request needs. It turns the request into a decision, or into the answer that denies it.

All refusals look the same, and are sent at the same times. So they do not reveal whether a key exists, a device is
known, a license has ended or all its slots are taken. An undecided check gets another answer, which says nothing about
the license. So does a refusal that is due to a wrong product or feature in the program.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Mapping
from inspect import isawaitable
from types import MappingProxyType
from typing import Generic, Literal, Self

import attrs

from ...checks import Check
from ...endpoints.parameters import identifier
from ...errors import ConfigurationError, FloatingNotAvailable, InvalidParameter, LicenseSpringError
from ..asking import Asking
from ..gate.decisions import Decision
from ..gate.inquiry import BUSY_SECONDS
from .licensee import Found, Licensee
from .licensing import C_contra, Licensing

_RETRY_SECONDS = 5.0
_LONGEST_RETRY = 3600.0


@attrs.frozen(kw_only=True)
class Denial:
    """The answer to a request that may not go on; false as a condition.

    Attributes:
        status: HTTP status.
        detail: The text of its body.
        headers: Its headers.
    """

    status: int
    detail: str
    headers: Mapping[str, str]

    def __bool__(self) -> Literal[False]:
        # Like a negative `Decision`: only what is true lets a request through.
        return False


REFUSED = Denial(status=403, detail="not licensed", headers=MappingProxyType({"Cache-Control": "no-store"}))


class Requirement(Generic[C_contra]):
    """Decide whether a request may use a feature, or a product without features.

    Args:
        feature: Feature code; None needs the license alone.
        licensing: Finds the licensee, and asks about the license.
        product: Product short code; None for that of `licensing`.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, feature: str | None, licensing: Licensing[C_contra], *, product: str | None = None) -> None:
        if not isinstance(licensing, Licensing):
            raise ConfigurationError(f"licensing: must be a Licensing, not {type(licensing).__name__}")
        self._feature = None if feature is None else identifier("feature", feature)
        self._licensing = licensing
        if licensing.product is None:
            if product is not None:
                raise ConfigurationError("product: comes from the session; leave it out")
            return
        self._product = licensing.product if product is None else identifier("product", product)
        licensing.need(self._product, self._feature)

    def __deepcopy__(self, memo: object) -> Self:
        # Litestar copies guards. A copy would ask a gate that is never opened.
        return self

    def decide(self, connection: C_contra) -> Asking[Decision | Denial]:
        """Return the decision for a request, or the answer that denies it; as a condition it raises unless awaited."""
        return Asking(self.decided(connection), "requirement.decide(connection)")

    def decide_for(self, licensee: Found, *, source: str | None = None) -> Asking[Decision | Denial]:
        """Return the decision for a licensee that is already known, or the answer that denies it, as `decide` does.

        Args:
            licensee: The licensee of the request.
            source: Where the request comes from; None if that is not known.
        """
        judged = self._judge(licensee, source, self._licensing.clock.monotonic())
        return Asking(judged, "requirement.decide_for(licensee)")

    async def decided(self, connection: C_contra) -> Decision | Denial:
        """Do what `decide` does, for adapters: cheaper, and without its guard against a forgotten `await`."""
        decided = self.known(connection)
        return decided if isinstance(decided, Decision) else await decided

    def known(self, connection: C_contra) -> Decision | Awaitable[Decision | Denial]:
        """Return a cached yes, or else an awaitable that decides."""
        licensing = self._licensing
        if licensing.licensee is None:
            return self._judge(None, None, 0.0)
        started = licensing.clock.monotonic()
        found = licensing.licensee(connection)
        if isinstance(found, Licensee):
            known = licensing.gate.known(found.key(self._product, self._feature))
            if known is not None:
                return known
        return self._found(found, connection, started)

    async def _found(self, found: Found | Awaitable[Found], connection: C_contra, started: float) -> Decision | Denial:
        licensee = await found if isawaitable(found) else found
        return await self._judge(licensee, self._licensing.source(connection), started)

    def _of_service(self) -> Decision | Denial:
        # The license is not a visitor's. A refusal reveals nothing, so it may be sent at once.
        session = self._licensing.session
        decision = session.allows(self._feature)
        if decision.allowed:
            return decision
        return _put_off(_RETRY_SECONDS) if session.is_undecided(self._feature) else REFUSED

    async def _judge(self, licensee: Found, source: str | None, started: float) -> Decision | Denial:
        if self._licensing.is_of_service:
            return self._of_service()
        try:
            if licensee is not None:
                check = licensee.of(self._product, self._feature)
                decision = await self._licensing.gate.allows(check, source=source)
                return decision if decision.allowed else await self._no(check, decision, started)
        except InvalidParameter:
            pass  # a device or key that cannot be sent has no license
        except ConfigurationError:
            raise
        except LicenseSpringError as error:
            return _put_off(getattr(error, "retry_after", None) or _RETRY_SECONDS)
        return await self._refused(started)

    async def _no(self, check: Check, decision: Decision, started: float) -> Denial:
        if decision.source == "grace":
            # Only a key that exists has an old refusal. Other keys are undecided while the service is unreachable.
            return _put_off(self._licensing.gate.retry_after or _RETRY_SECONDS)
        refused = await self._refused(started)
        # Every refusal in doubt is put off. A single 503 would reveal that its key exists.
        if self._licensing.gate.doubts(check):
            return _put_off(_RETRY_SECONDS)
        if self._licensing.full_pool is not None and decision.code.lower() == FloatingNotAvailable.kind:
            return _full(self._licensing.full_pool)
        return refused

    async def _refused(self, started: float) -> Denial:
        """Return a refusal at the next of the times at which all refusals are sent."""
        step, clock = self._licensing.refusal_seconds, self._licensing.clock
        if step:
            passed = clock.monotonic() - started
            await clock.sleep((math.floor(passed / step) + 1) * step - passed)
        return REFUSED


def _full(status: int) -> Denial:
    # Then the gate asks for a slot again.
    headers = {"Retry-After": f"{BUSY_SECONDS:.0f}", "Cache-Control": "no-store"}
    return Denial(status=status, detail="all seats are in use", headers=headers)


def _put_off(seconds: float) -> Denial:
    rounded = math.ceil(min(max(seconds, 1.0), _LONGEST_RETRY))
    return Denial(
        status=503,
        detail="The license could not be checked right now.",
        headers={"Retry-After": str(rounded), "Cache-Control": "no-store"},
    )
