"""The layer around the sandbox's application: rate limits, faults and the request journal."""

from __future__ import annotations

from email.utils import formatdate
from typing import Final

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...signing import Signer
from ..wire.refusals import error_body
from ..world.licenses import License
from .clock import SandboxClock, Setting
from .effects import Answer, Effects
from .faults import Faults, Met
from .journal import Entry, Journal, code_of, read_fields, shown_fields
from .limits import Limiter, too_many

CONTROL_PATH: Final = "/_sandbox"
_LARGEST_BODY: Final = 1_000_000  # bytes


@attrs.define(kw_only=True)
class Control:
    """The controls of a running sandbox, for people and tests."""

    clock: SandboxClock
    start: Setting
    faults: Faults
    limiter: Limiter
    journal: Journal = attrs.field(factory=Journal)
    _enabled_before: dict[int, tuple[License, bool]] = attrs.field(
        factory=dict[int, "tuple[License, bool]"], init=False, repr=False
    )

    def enable(self, license: License, *, enabled: bool) -> None:
        """Revoke or restore a license, until the reset."""
        self._enabled_before.setdefault(id(license), (license, license.enabled))
        license.enabled = enabled

    def reset(self) -> None:
        """Remove all faults, reset the clock, restore revoked licenses, and clear the journal."""
        for license, was_enabled in self._enabled_before.values():
            license.enabled = was_enabled
        self._enabled_before.clear()
        self.faults.clear()
        self.limiter.clear()
        self.clock.restore(self.start)
        self.journal.clear()


class Controlled:
    """An application that applies rate limits and faults to every request outside the control paths.

    Args:
        application: The wrapped application.
        panel: Answers requests below /_sandbox.
        control: Decides what happens to a request.
        signer: Signs the answers that a fault has changed.
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
        fields = read_fields(scope["path"], scope["query_string"], body)
        recorded = _Recorded(send)
        met: Met | None = None
        try:
            refused = self._too_large() if len(body) > _LARGEST_BODY else self._limited(scope)
            if refused is not None:
                await refused.send(recorded.send)
                return
            met = self._control.faults.meet(scope["path"], fields.get("hardware_id"))
            if met is None:
                await self._application(scope, again, recorded.send)
                return
            answer = Answer()
            if met.fault.effect != "error":
                await self._application(scope, again, answer.collect)
            await self._effects.carry_out(met, answer, scope, again, recorded.send)
        finally:
            self._control.journal.note(
                Entry(
                    at=self._control.clock(),
                    method=scope["method"],
                    path=scope["path"],
                    parameters=shown_fields(fields),
                    status=recorded.status,
                    code=recorded.code,
                    fault=None if met is None else met.fault.effect,
                )
            )

    def _limited(self, scope: Scope) -> Answer | None:
        limiter = self._control.limiter
        wait = limiter.wait((scope["client"] or ("",))[0], _header(scope, b"authorization").decode("latin-1"))
        if wait <= 0 or limiter.throttle is None:
            return None
        return Answer(429, *too_many(limiter.throttle, wait, self._control.clock()))

    def _too_large(self) -> Answer:
        message = f"The body has more than {_LARGEST_BODY:,} bytes."
        answer = Answer(413, [(b"date", formatdate(self._control.clock(), usegmt=True).encode())])
        answer.put(b"content-type", "application/json; charset=utf-8")
        answer.put(b"connection", "close")  # the rest of the body is never read
        answer.put_body(error_body(413, "validation_error", message))
        return answer


@attrs.define
class _Recorded:
    """Passes an answer on and remembers its status and error code."""

    _send: Send
    status: int = 0
    code: str | None = None

    async def send(self, message: Message) -> None:
        """Pass on one message of the application."""
        self.status = message.get("status", self.status)
        if self.status >= 400 and self.code is None:
            self.code = code_of(message.get("body", b""))
        await self._send(message)


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read a body, at most just past the limit; return it, and a `receive` that yields the same messages again."""
    body, more = bytearray(), True
    waiting: list[Message] = []
    while more and len(body) <= _LARGEST_BODY:
        message = await receive()
        waiting.append(message)
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return bytes(body), again


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")
