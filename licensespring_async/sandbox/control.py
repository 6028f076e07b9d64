"""What stands around the sandbox's application: rate limits, faults, and a journal of the requests."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Final, cast
from urllib.parse import parse_qsl

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..redaction import fingerprint
from .clock import SandboxClock
from .effects import Answer, Effects
from .faults import Faults
from .limits import Limiter, too_many
from .signing import Signer

CONTROL_PATH: Final = "/_sandbox"
_JOURNAL_LENGTH: Final = 500
_SHOWN: Final = frozenset({"product", "feature", "bundle_code", "env"})


@attrs.frozen(kw_only=True)
class Entry:
    """Tell of one request; what could be a secret appears as a fingerprint."""

    at: float
    method: str
    path: str
    parameters: dict[str, str]
    status: int
    fault: str | None


@attrs.frozen(kw_only=True)
class Control:
    """Hold what a person or a test steers while the sandbox runs."""

    clock: SandboxClock
    faults: Faults
    limiter: Limiter
    journal: deque[Entry] = attrs.field(factory=lambda: deque[Entry](maxlen=_JOURNAL_LENGTH))
    counters: Counter[str] = attrs.field(factory=Counter[str])

    def reset(self) -> None:
        """End all faults, set the clock right, and forget the requests; the world keeps its state."""
        self.faults.clear()
        self.limiter.clear()
        self.clock.set_offset(0)
        self.journal.clear()
        self.counters.clear()


class Controlled:
    """Answer the control's own paths, and let every other request through limits and faults.

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
        fields = _fields(scope["query_string"], body)
        control, status, fault = self._control, 0, None

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            wait = control.limiter.wait((scope["client"] or ("",))[0], _authorization(scope))
            if wait > 0 and control.limiter.throttle is not None:
                headers, text = too_many(control.limiter.throttle, wait, control.clock())
                await Answer(429, headers, text).send(watched)
                return
            fault = control.faults.meet(scope["path"], fields.get("hardware_id"))
            if fault is None:
                await self._application(scope, again, watched)
                return
            answer = Answer()
            if fault.effect != "error":
                await self._application(scope, again, answer.collect)
            await self._effects.carry_out(fault, answer, scope, again, watched)
        finally:
            effect = None if fault is None else fault.effect
            control.counters.update(["requests", f"status {status}", *([f"fault {effect}"] if effect else [])])
            control.journal.append(
                Entry(
                    at=control.clock(),
                    method=scope["method"],
                    path=scope["path"],
                    parameters={name: _masked(name, value) for name, value in fields.items()},
                    status=status,
                    fault=effect,
                )
            )


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


def _fields(query: bytes, body: bytes) -> dict[str, str]:
    text = query.decode(errors="replace")
    if body and not body.lstrip().startswith(b"{"):
        text = f"{text}&{body.decode(errors='replace')}"
    fields = dict(parse_qsl(text))
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return fields
    if isinstance(content, dict):
        fields |= {name: str(value) for name, value in cast("dict[str, object]", content).items()}
    return fields


def _authorization(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")


def _masked(name: str, value: str) -> str:
    return value[:100] if name in _SHOWN else fingerprint(value)
