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
from ...errors.numbers import in_seconds
from ...redaction import Unpickled
from ...transport.clock import is_number
from .decisions import Decision, Source
from .stores import Store, StoreError

_log = logging.getLogger("licensespring_async")
_MAC = 32
_STORE_SECONDS = 8.0
# The clock of an honest machine is set back by no more than this.
_CLOCK_TOLERANCE = 300.0


@attrs.frozen(kw_only=True)
class Grace(Unpickled):
    """Let the last verified answer stand while the service cannot be reached; never against a refusal.

    A stored answer counts only for the service, the account and the secret that it was stored with. The clocks of
    machines that share a store may differ by five minutes.

    Args:
        hours: Hours for which an answer stands at most.
        store: Keeps answers across restarts; None for this process only.
        secret: Seals stored answers, so that a changed or copied one is ignored. At least 16 bytes; required with a
            store.

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
            raise ConfigurationError("secret: must have at least 16 bytes; keep it apart from the store")


def checked_grace(grace: Grace | None) -> Grace | None:
    """Return a grace; raise ConfigurationError for what is none, such as a number of hours."""
    if grace is not None and not isinstance(grace, Grace):
        raise ConfigurationError(f"grace: must be a Grace, for example Grace(hours=72), not {type(grace).__name__}")
    return grace


@attrs.frozen(kw_only=True)
class Verified:
    """The last answer that the service gave to a check.

    Attributes:
        at: When it came, in seconds since the epoch: the later of local and server time.
        until: Until when it can stand at most, likewise.
        seen: When it was last used, likewise.
    """

    allowed: bool
    code: str
    floating: bool
    at: float
    until: float
    seen: float

    def decision(self, source: Source, now: float, seconds: float) -> Decision:
        """Return its decision, which stands from `now` (seconds since the epoch) for some seconds."""
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
        """A sort key: the later answer is greater. Of two with the same time, the refusal is."""
        return self.at, not self.allowed, self.seen

    def not_before(self, known: Verified) -> Verified:
        """Return this as later than a known answer, if it is a fresh refusal whose clock may just be behind."""
        is_fresh = self.seen == self.at
        if not is_fresh or not self.at < known.at <= self.at + _CLOCK_TOLERANCE:
            return self
        return attrs.evolve(self, at=known.at, until=max(self.until, known.until), seen=max(self.seen, known.seen))

    def stands(self, now: float) -> bool:
        """Return whether it stands at `now`; not if the clock was turned back behind `seen`."""
        return self.seen - _CLOCK_TOLERANCE <= now < self.until and self.seen < self.until


class StoredAnswers:
    """The answers in the store of a grace. A failure of the store is logged, and the gate goes on without it.

    For each check the store has the last answer and the last refusal. Only a later yes overrides the refusal, even if
    another process writes an older yes over the last answer.

    Args:
        grace: Its hours, store and secret.
        service: Names the service and the account. Answers of another one are ignored.

    Attributes:
        seconds: How long an answer stands.
    """

    def __init__(self, grace: Grace, service: str) -> None:
        self.seconds = grace.hours * 3600
        self._store, self._secret, self._service = grace.store, grace.secret, service
        self._turn = anyio.Lock()

    async def remember(self, check: Check, verified: Verified) -> None:
        """Store an answer unless a later one is there; a cancellation waits some seconds for it.

        A refusal is stored only over another answer. Without one it would change nothing, and guessed keys would fill
        the store.
        """
        if self._store is None:
            return
        with anyio.move_on_after(_STORE_SECONDS, shield=True) as limit:
            # One after the other: an earlier yes must not overtake a refusal.
            async with self._turn:
                try:
                    await self._write(self._store, check, verified)
                except Exception as error:  # noqa: BLE001  # a foreign store must not end the gate
                    _complain(verified, _why(error))
        if limit.cancelled_caught:
            _complain(verified, f"not within {in_seconds(_STORE_SECONDS)}")

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
        # The refusal first, so that it is stored even if the process is killed in between. The same one is not written
        # again: a slow writer could overwrite a later one.
        for key in (refusal, last):
            there = held[key]
            if there is None or there.order[:2] < verified.order[:2]:
                await store.set(key, self._sealed(key, verified))

    async def recall(self, check: Check) -> Verified | None:
        """Return the latest stored answer that can be trusted, or None."""
        if self._store is None:
            return None
        # The refusal last, because it is written first. If it cannot be read, the other answer does not count either.
        last, refusal = self._key("last", check), self._key("refusal", check)
        why = f"not within {in_seconds(_STORE_SECONDS)}"
        with anyio.move_on_after(_STORE_SECONDS):
            try:
                records = [(key, await self._store.get(key)) for key in (last, refusal)]
                return _latest(self._opened(key, record) for key, record in records)
            except Exception as error:  # noqa: BLE001  # as above
                why = _why(error)
        _log.warning("a stored answer could not be read: %s", why)
        return None

    def _key(self, kind: str, check: Check) -> str:
        # An HMAC, so that short keys and user names cannot be guessed. It covers the service and the device. Spellings
        # of one license share a record, as in memory: a refusal of one must end the yes of the other.
        of = json.dumps([kind, self._service, *check.key])
        return hmac.new(self._secret, b"key\0" + of.encode(), hashlib.sha256).hexdigest()

    def _sealed(self, key: str, verified: Verified) -> bytes:
        body = json.dumps(attrs.asdict(verified)).encode()
        return self._mac(key, body) + body

    def _opened(self, key: str, record: object) -> Verified | None:
        if record is None:
            return None
        if not isinstance(record, bytes):
            # Some database clients decode what they read.
            _log.warning("a stored answer could not be read: it must be bytes, not %s", type(record).__name__)
            return None
        if not hmac.compare_digest(record[:_MAC], self._mac(key, record[_MAC:])):
            return None
        try:
            return Verified(**json.loads(record[_MAC:]))
        except (TypeError, ValueError):
            # Another version wrote it.
            return None

    def _mac(self, key: str, body: bytes) -> bytes:
        return hmac.new(self._secret, b"value\0" + key.encode() + body, hashlib.sha256).digest()


def _latest(answers: Iterable[Verified | None]) -> Verified | None:
    return max((each for each in answers if each is not None), key=attrgetter("order"), default=None)


def _complain(verified: Verified, why: str) -> None:
    if verified.allowed:
        _log.warning("an answer could not be stored: %s", why)
    else:
        _log.error("a refusal could not be stored; an older yes may stand elsewhere or after a restart: %s", why)


def _why(error: Exception) -> str:
    # The text of a database client may contain its password.
    return str(error) if isinstance(error, StoreError) else type(error).__name__
