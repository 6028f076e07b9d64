"""A feature that a request needs: from the request to a decision, or to the answer that denies it.

Every refusal is the same answer, and comes at the same times: nobody learns from it whether a key exists, a device is
known, a license is over or all its seats are taken. What was not decided is another answer, for it says nothing
about the license at all.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from inspect import isawaitable
from types import MappingProxyType
from typing import Generic, Literal, Self

import attrs

from ...checks import key_of
from ...endpoints.parameters import identifier
from ...errors import ConfigurationError, InvalidParameter, LicenseSpringError
from ..asking import Asking
from ..gate.decisions import Decision
from .licensing import C_contra, Found, Licensee, Licensing

_log = logging.getLogger("licensespring_async.services")
_RETRY_SECONDS = 5.0
_LONGEST_RETRY = 3600.0


@attrs.frozen(kw_only=True)
class Denial:
    """The answer to a request that may not go on; false as a condition.

    Attributes:
        status: HTTP status.
        detail: What its body says.
        headers: What goes with it.
    """

    status: int
    detail: str
    headers: Mapping[str, str]

    def __bool__(self) -> Literal[False]:
        # A `Decision` of no is false as well: whatever is true lets a request through.
        return False


REFUSED = Denial(status=403, detail="not licensed", headers=MappingProxyType({"Cache-Control": "no-store"}))


class Requirement(Generic[C_contra]):
    """Decide whether a request may use a feature.

    Args:
        feature: Feature code.
        licensing: Says whose request it is, and asks.
        product: Product short code, when it is not the licensing's own.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(self, feature: str, licensing: Licensing[C_contra], *, product: str | None = None) -> None:
        if not isinstance(licensing, Licensing):
            raise ConfigurationError(f"licensing: must be a Licensing, not {type(licensing).__name__}")
        self._feature = identifier("feature", feature)
        self._product = licensing.product if product is None else identifier("product", product)
        self._licensing = licensing

    def __deepcopy__(self, memo: object) -> Self:
        # Litestar copies what a router has: a copy would ask a gate that nobody opens.
        return self

    def decide(self, connection: C_contra) -> Asking[Decision | Denial]:
        """Return the decision for a request, or the answer that denies it; as a condition it has to be awaited."""
        return Asking(self._decide(connection), "requirement.decide(connection)")

    def decide_for(self, licensee: Found, *, source: str | None = None) -> Asking[Decision | Denial]:
        """Return the decision for a licensee who was found elsewhere, or the answer that denies it, as `decide` does.

        Args:
            licensee: Who asks.
            source: Where the request comes from, or None when that is not known.
        """
        judged = self._judge(licensee, source, self._licensing.clock.monotonic())
        return Asking(judged, "requirement.decide_for(licensee)")

    async def _decide(self, connection: C_contra) -> Decision | Denial:
        licensing = self._licensing
        started = licensing.clock.monotonic()
        found = licensing.licensee(connection)
        if isinstance(found, Licensee):
            # Fast path: a cached yes.
            known = licensing.gate.known(key_of(self._product, self._feature, found))
            if known is not None:
                return known
        licensee = await found if isawaitable(found) else found
        return await self._judge(licensee, licensing.source(connection), started)

    async def _judge(self, licensee: Found, source: str | None, started: float) -> Decision | Denial:
        if licensee is not None:
            try:
                check = licensee.of(self._product, self._feature)
                decision = await self._licensing.gate.allows(check, source=source)
            except InvalidParameter:
                pass  # A device or key that cannot even be sent has no license.
            except ConfigurationError:
                raise
            except LicenseSpringError as error:
                return self._undecided(error)
            else:
                if decision.allowed:
                    return decision
                if decision.source == "grace":
                    # Only for keys that exist is an old no known; of others nothing is known while nobody answers.
                    return _put_off(_RETRY_SECONDS)
        await self._wait_for_the_next_time(started)
        return REFUSED

    async def _wait_for_the_next_time(self, started: float) -> None:
        step, clock = self._licensing.refusal_seconds, self._licensing.clock
        if step:
            passed = clock.monotonic() - started
            await clock.sleep((math.floor(passed / step) + 1) * step - passed)

    def _undecided(self, error: LicenseSpringError) -> Denial:
        asked = getattr(error, "retry_after", None)
        if asked is None and not error.may_pass:
            # Only outages go away by waiting; log everything else.
            _log.error("whether %s is licensed could not be decided: %s", self._feature, type(error).__name__)
        return _put_off(asked or _RETRY_SECONDS)


def _put_off(seconds: float) -> Denial:
    rounded = math.ceil(min(max(seconds, 1.0), _LONGEST_RETRY))
    return Denial(
        status=503,
        detail="The license could not be checked right now; try again shortly.",
        headers={"Retry-After": str(rounded), "Cache-Control": "no-store"},
    )
