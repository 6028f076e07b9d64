"""The protocol of engines, which alone put bytes on the wire."""

from __future__ import annotations

from typing import Protocol

from .values import HttpRequest, HttpResponse


class Engine(Protocol):
    """Sends one finished HTTP request and returns the whole answer.

    An engine does not sign, retry, follow redirects, decode JSON or read proxies and certificates from the environment.
    It must be safe to call from many tasks at once, and a call that is cancelled must leave nothing behind.
    """

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Send a request and return its whole answer.

        Args:
            request: Signed and complete; sent as it is.
            timeout: Seconds for all of it, connecting and reading the body included.

        Raises:
            ConnectionFailed: Nothing was sent.
            ConnectionLost: The request may have been acted on.
            DeadlineExceeded: The time ran out; `may_have_acted` says whether anything was sent.
            ResponseError: The answer's body is too large, or has a content coding that was not requested.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...
