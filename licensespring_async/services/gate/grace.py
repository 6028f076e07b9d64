"""How long the last verified answer stands while the service cannot be reached."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable
from operator import attrgetter

import anyio
import attrs

from ...checks import Check
from ...errors import ConfigurationError
from ...redaction import Unpickled
from ...transport.clock import is_number
from .decisions import Decision, Source
from .stores import Store, StoreError

_log = logging.getLogger("licensespring_async")
_MAC = 32
_STORE_SECONDS = 8.0
# Clocks of honest machines are set back by this much, not by more.
_CLOCK_TOLERANCE = 300.0


@attrs.frozen(kw_only=True)
class Grace(Unpickled):
    """Let the last verified answer stand while the service cannot be reached; never when it says no.

    Answers count for the service and the account that gave them, and for those who know the secret. The clocks of
    machines that share a store may differ by five minutes.

    Args:
        hours: How long after the answer, at most.
        store: Keeps answers across restarts; None for this process only.
        secret: Protects what is stored, at least 16 bytes: a changed or copied record is ignored. Needed with a store.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    hours: float
    store: Store | None = None
    secret: bytes = attrs.field(default=b"", repr=False)

    def __attrs_post_init__(self) -> None:
        if not is_number(self.hours) or self.hours <= 0:
            raise ConfigurationError(f"hours: must be a number above 0, not {self.hours!r}")
        if not isinstance(self.secret, bytes):
            raise ConfigurationError(f"secret: must be bytes, not {type(self.secret).__name__}")
        if self.store is not None and len(self.secret) < 16:
            raise ConfigurationError("secret: must have at least 16 bytes, kept where the store is not")


@attrs.frozen(kw_only=True)
class Verified:
    """The last answer that the service gave to a check.

    Attributes:
        at: When, as seconds since the epoch: the later of local and server time.
        until: Until when it can stand at most, likewise.
        seen: The latest time at which it was looked at, likewise.
    """

    allowed: bool
    code: str
    floating: bool
    at: float
    until: float
    seen: float

    def decision(self, source: Source, now: float, seconds: float) -> Decision:
        """Return what it decides from `now` (seconds since the epoch) for some seconds."""
        return Decision(
            allowed=self.allowed,
            code=self.code,
            source=source,
            checked_at=self.at,
            expires_at=now + seconds,
            floating=self.floating,
        )

    @property
    def order(self) -> tuple[float, bool, float]:
        """What later answers are greater by; of two at the same time a refusal is the later one."""
        return self.at, not self.allowed, self.seen

    def not_before(self, known: Verified) -> Verified:
        """Return a refusal as the later one if it is fresh, unless two honest clocks cannot be that far apart."""
        is_fresh = self.seen == self.at
        if not is_fresh or not self.at < known.at <= self.at + _CLOCK_TOLERANCE:
            return self
        return attrs.evolve(self, at=known.at, until=max(self.until, known.until), seen=max(self.seen, known.seen))

    def stands(self, now: float) -> bool:
        """Return whether it stands at `now`; a clock that was turned back behind `seen` ends it."""
        return self.seen - _CLOCK_TOLERANCE <= now < self.until and self.seen < self.until


class StoredAnswers:
    """What a grace remembers between processes; a store that fails is logged and done without.

    Of each check the store holds the last answer, and beside it the last refusal: nothing but a later yes gets past
    that one, whoever writes an older yes back over the last answer.

    Args:
        grace: How long, where, and under which secret.
        service: Names the service and the account that answers; those of another one count for nothing.

    Attributes:
        seconds: How long an answer stands.
    """

    def __init__(self, grace: Grace, service: str) -> None:
        self.seconds = grace.hours * 3600
        self._store, self._secret, self._service = grace.store, grace.secret, service
        self._turn = anyio.Lock()

    async def remember(self, check: Check, verified: Verified) -> None:
        """Store an answer unless a later one is there, for some seconds also when it is cancelled.

        A refusal is stored only in place of another answer: where there is none it changes nothing, and trying keys out
        would fill the store.
        """
        if self._store is None:
            return
        with anyio.move_on_after(_STORE_SECONDS, shield=True) as limit:
            # One after the other: a no must not be overtaken by the yes before it.
            async with self._turn:
                try:
                    await self._write(self._store, check, verified)
                except Exception as error:  # noqa: BLE001  # a store is the caller's code, and no reason to end the gate
                    _complain(verified, _why(error))
        if limit.cancelled_caught:
            _complain(verified, f"not within {_STORE_SECONDS:g} s")

    async def _write(self, store: Store, check: Check, verified: Verified) -> None:
        last, refusal = self._key("last", check), self._key("refusal", check)
        if verified.allowed:
            known = self._opened(last, await store.get(last))
            if known is None or known.order <= verified.order:
                await store.set(last, self._sealed(last, verified))
            return
        records = [(key, await store.get(key)) for key in (last, refusal)]
        if all(record is None for _, record in records):
            return
        held = {key: self._opened(key, record) for key, record in records}
        known = _latest(held.values())
        if known is not None:
            verified = verified.not_before(known)
        # The refusal first, so that whoever is killed in between has stored it. The same one is not written again: a
        # slow writer could put it over a later one.
        for key in (refusal, last):
            there = held[key]
            if there is None or there.order[:2] < verified.order[:2]:
                await store.set(key, self._sealed(key, verified))

    async def recall(self, check: Check) -> Verified | None:
        """Return the latest stored answer, or None when there is none that can be trusted."""
        if self._store is None:
            return None
        # The refusal last: it is written first. What was read without it counts for nothing.
        last, refusal = self._key("last", check), self._key("refusal", check)
        why = f"not within {_STORE_SECONDS:g} s"
        with anyio.move_on_after(_STORE_SECONDS):
            try:
                records = [(key, await self._store.get(key)) for key in (last, refusal)]
                return _latest(self._opened(key, record) for key, record in records)
            except Exception as error:  # noqa: BLE001  # as above
                why = _why(error)
        _log.warning("a stored answer could not be read: %s", why)
        return None

    def _key(self, kind: str, check: Check) -> str:
        # Keyed, so that short keys and user names cannot be found by trying; service and device are parts of it. As in
        # memory two spellings of one license are one, or a no to one of them would leave the other its yes.
        of = json.dumps([kind, self._service, *check.key])
        return hmac.new(self._secret, b"key\0" + of.encode(), hashlib.sha256).hexdigest()

    def _sealed(self, key: str, verified: Verified) -> bytes:
        body = json.dumps(attrs.asdict(verified)).encode()
        return self._mac(key, body) + body

    def _opened(self, key: str, record: object) -> Verified | None:
        if record is None:
            return None
        if not isinstance(record, bytes):
            # A database's client that decodes what it reads.
            _log.warning("a stored answer could not be read: it must be bytes, not %s", type(record).__name__)
            return None
        if not hmac.compare_digest(record[:_MAC], self._mac(key, record[_MAC:])):
            return None
        try:
            return Verified(**json.loads(record[_MAC:]))
        except (TypeError, ValueError):
            # Ours, but of another version.
            return None

    def _mac(self, key: str, body: bytes) -> bytes:
        return hmac.new(self._secret, b"value\0" + key.encode() + body, hashlib.sha256).digest()


def _latest(answers: Iterable[Verified | None]) -> Verified | None:
    return max((each for each in answers if each is not None), key=attrgetter("order"), default=None)


def _complain(verified: Verified, why: str) -> None:
    if verified.allowed:
        _log.warning("an answer could not be stored: %s", why)
    else:
        _log.error("a refusal could not be stored, and an older yes may stand elsewhere or after a restart: %s", why)


def _why(error: Exception) -> str:
    # What a database's client says may hold its password.
    return str(error) if isinstance(error, StoreError) else type(error).__name__
