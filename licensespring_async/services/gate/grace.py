"""How long the last verified answer stands while the service cannot be reached."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging

import anyio
import attrs

from ...checks import FeatureCheck
from ...errors import ConfigurationError
from ...transport.clock import is_number
from .decisions import Decision, Source
from .stores import Store, StoreError

_log = logging.getLogger("licensespring_async")
_MAC = 32
_STORE_SECONDS = 8.0
# Clocks of honest machines are set back by this much, not by more.
_CLOCK_TOLERANCE = 300.0


@attrs.frozen(kw_only=True)
class Grace:
    """Let the last verified answer stand while the service cannot be reached; never when it says no.

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

    def stands(self, now: float) -> bool:
        """Return whether it stands at `now`; a clock that was turned back behind `seen` ends it."""
        return self.seen - _CLOCK_TOLERANCE <= now < self.until and self.seen < self.until


class StoredAnswers:
    """What a grace remembers between processes; a store that fails is logged and done without.

    Args:
        grace: How long, where, and under which secret.

    Attributes:
        seconds: How long an answer stands.
    """

    def __init__(self, grace: Grace) -> None:
        self.seconds = grace.hours * 3600
        self._store, self._secret = grace.store, grace.secret
        self._turn = anyio.Lock()

    async def remember(self, check: FeatureCheck, verified: Verified) -> None:
        """Store an answer, for some seconds also when it is cancelled.

        A refusal is stored only in place of another answer: where there is none it changes nothing, and trying keys out
        would fill the store.
        """
        if self._store is None:
            return
        key = _key(self._secret, check)
        body = json.dumps(attrs.asdict(verified)).encode()
        with anyio.move_on_after(_STORE_SECONDS, shield=True) as limit:
            # One after the other: a no must not be overtaken by the yes before it.
            async with self._turn:
                try:
                    if verified.allowed or await self._store.get(key) is not None:
                        await self._store.set(key, _mac(self._secret, key, body) + body)
                except Exception as error:  # noqa: BLE001  # a store is the caller's code, and no reason to end the gate
                    _log.warning("an answer could not be stored: %s", _why(error))
        if limit.cancelled_caught:
            _log.warning("an answer was not stored within %g s", _STORE_SECONDS)

    async def recall(self, check: FeatureCheck) -> Verified | None:
        """Return the stored answer, or None when there is none that can be trusted."""
        if self._store is None:
            return None
        key = _key(self._secret, check)
        record = await self._read(self._store, key)
        if record is None or not hmac.compare_digest(record[:_MAC], _mac(self._secret, key, record[_MAC:])):
            return None
        try:
            return Verified(**json.loads(record[_MAC:]))
        except (TypeError, ValueError):
            # Ours, but of another version.
            return None

    async def _read(self, store: Store, key: str) -> bytes | None:
        try:
            record: object = await store.get(key)
        except Exception as error:  # noqa: BLE001  # as above
            _log.warning("a stored answer could not be read: %s", _why(error))
            return None
        if record is None or isinstance(record, bytes):
            return record
        # A database's client that decodes what it reads.
        _log.warning("a stored answer could not be read: it must be bytes, not %s", type(record).__name__)
        return None


def _why(error: Exception) -> str:
    # What a database's client says may hold its password.
    return str(error) if isinstance(error, StoreError) else type(error).__name__


def _key(secret: bytes, check: FeatureCheck) -> str:
    # Keyed, so that short keys and user names cannot be found by trying; the device is a part of it.
    return hmac.new(secret, b"key\0" + json.dumps(attrs.astuple(check)).encode(), hashlib.sha256).hexdigest()


def _mac(secret: bytes, key: str, body: bytes) -> bytes:
    return hmac.new(secret, b"value\0" + key.encode() + body, hashlib.sha256).digest()
