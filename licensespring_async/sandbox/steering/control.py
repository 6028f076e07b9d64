"""What stands around the sandbox's application: rate limits, faults, and a journal of the requests."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Final, cast
from urllib.parse import parse_qsl

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...redaction import fingerprint
from ..wire.signing import Signer
from .clock import SandboxClock, Setting
from .effects import Answer, Effects
from .faults import Faults, Met
from .limits import Limiter, too_many

CONTROL_PATH: Final = "/_sandbox"
_JOURNAL_LENGTH: Final = 500
_LONGEST: Final = 100  # characters of a text that came from outside
# What is not a secret; anything else, hardware ids and future parameters included, is shown as a fingerprint.
_SHOWN: Final = frozenset(
    {"product", "feature", "bundle_code", "env", "license_id", "consumptions", "allow_overages", "max_overages"}
    | {"borrowed_until", "include_expired_features", "grant_type", "login_type", "sdk_ver", "app_ver"}
    | {"version", "channel", "response_type"}
)


@attrs.frozen(kw_only=True)
class Entry:
    """One request; what could be a secret appears as a fingerprint."""

    at: float
    method: str
    path: str
    parameters: dict[str, str]
    status: int
    code: str | None
    fault: str | None


@attrs.define
class Counters:
    """Numbers of requests: all, those that were refused, and each status, path and fault."""

    requests: int = 0
    refused: int = 0
    statuses: Counter[str] = attrs.field(factory=Counter[str])
    paths: Counter[str] = attrs.field(factory=Counter[str])
    faults: Counter[str] = attrs.field(factory=Counter[str])

    def add(self, entry: Entry) -> None:
        """Count one request."""
        self.requests += 1
        self.refused += entry.status >= 400
        self.statuses[str(entry.status)] += 1
        # Paths that are nowhere could be any number.
        self.paths["unknown" if entry.status == 404 else entry.path] += 1
        if entry.fault is not None:
            self.faults[entry.fault] += 1

    def to_json(self) -> dict[str, object]:
        """Return them as JSON."""
        return {
            "requests": self.requests,
            "refused": self.refused,
            "status": dict(self.statuses),
            "path": dict(self.paths),
            "fault": dict(self.faults),
        }

    def clear(self) -> None:
        """Begin at nothing."""
        self.requests = self.refused = 0
        for counter in (self.statuses, self.paths, self.faults):
            counter.clear()


@attrs.define(kw_only=True)
class Control:
    """What a person or a test steers while the sandbox runs."""

    clock: SandboxClock
    start: Setting
    faults: Faults
    limiter: Limiter
    journal: deque[Entry] = attrs.field(factory=lambda: deque[Entry](maxlen=_JOURNAL_LENGTH))
    counters: Counters = attrs.field(factory=Counters)

    def note(self, entry: Entry) -> None:
        """Keep what happened to one request."""
        self.journal.append(entry)
        self.counters.add(entry)

    def reset(self) -> None:
        """End all faults, set the clock as it was at the start, and forget the requests."""
        self.faults.clear()
        self.limiter.clear()
        self.clock.restore(self.start)
        self.journal.clear()
        self.counters.clear()


class Controlled:
    """An application that answers the control's own paths, and passes every other request through limits and faults.

    Args:
        application: What is stood around.
        panel: Answers what is below /_sandbox.
        control: What decides.
        signer: Signs the answers that a fault changes.
    """

    def __init__(self, application: ASGIApp, panel: ASGIApp, control: Control, signer: Signer) -> None:
        self._application = application
        self._panel = panel
        self._control = control
        self._effects = Effects(signer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection's event as ASGI does."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif scope["path"] == CONTROL_PATH or scope["path"].startswith(f"{CONTROL_PATH}/"):
            await self._panel(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, again = await _read(receive)
        fields = _fields(scope, body)
        noted = _Noted(send)
        met: Met | None = None
        try:
            if (limited := self._limited(scope)) is not None:
                await limited.send(noted.send)
                return
            met = self._control.faults.meet(scope["path"], fields.get("hardware_id"))
            if met is None:
                await self._application(scope, again, noted.send)
                return
            answer = Answer()
            if met.fault.effect != "error":
                await self._application(scope, again, answer.collect)
            await self._effects.carry_out(met, answer, scope, again, noted.send)
        finally:
            self._control.note(
                Entry(
                    at=self._control.clock(),
                    method=scope["method"],
                    path=scope["path"][:_LONGEST],
                    parameters={name: _masked(name, value) for name, value in fields.items()},
                    status=noted.status,
                    code=noted.code,
                    fault=None if met is None else met.fault.effect,
                )
            )

    def _limited(self, scope: Scope) -> Answer | None:
        limiter = self._control.limiter
        wait = limiter.wait((scope["client"] or ("",))[0], _header(scope, b"authorization"))
        if wait <= 0 or limiter.throttle is None:
            return None
        return Answer(429, *too_many(limiter.throttle, wait, self._control.clock()))


@attrs.define
class _Noted:
    """An answer that is passed on; its status and its error code are remembered."""

    _send: Send
    status: int = 0
    code: str | None = None

    async def send(self, message: Message) -> None:
        """Take one message of the application."""
        self.status = message.get("status", self.status)
        if self.status >= 400 and self.code is None:
            self.code = _code(message.get("body", b""))
        await self._send(message)


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read a request's body, and give what receives it a second time."""
    body, more = b"", True
    waiting: list[Message] = []
    while more:
        message = await receive()
        waiting.append(message)
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return body, again


def _fields(scope: Scope, body: bytes) -> dict[str, str]:
    """Read what a query, a form and a JSON body name; another body, such as an offline request, may be all secret."""
    text = scope["query_string"].decode(errors="replace")
    if _header(scope, b"content-type").startswith("application/x-www-form-urlencoded"):
        text = f"{text}&{body.decode(errors='replace')}"
    fields = dict(parse_qsl(text))
    if not body.lstrip().startswith(b"{"):
        return fields
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return fields
    return fields | {name: str(value) for name, value in cast("dict[str, object]", content).items()}


def _code(body: bytes) -> str | None:
    """Read the code of an error answer: the service's, or the token endpoint's."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    envelope = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    code = envelope.get("code") or envelope.get("error")
    return code[:_LONGEST] if isinstance(code, str) else None


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _masked(name: str, value: str) -> str:
    return value[:_LONGEST] if name in _SHOWN else fingerprint(value)
