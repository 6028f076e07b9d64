"""The history of a call, for decisions, errors, events and telemetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..errors import LicenseSpringError
from .policies.deadline import Deadline
from .policies.retry import Kind
from .policies.skew import Reading

NO_HEADERS: Final[Mapping[str, str]] = {}
"""Those of an attempt without credentials, and of a call before its first attempt."""


@attrs.define(kw_only=True, eq=False)
class History:
    """The history of a call.

    Attributes:
        attempts: Requests sent.
        tries: Attempts that the retry policy counts: unsent failures too, but none that was repeated after a remedy.
        remedies: Causes of refusal that were fixed before another attempt: each once at most, and not as a retry.
        last_retry: Why the last retry was made, or None before the first.
        signed_offset: Clock offset that the last attempt was signed with.
        received: Local time when the last answer was complete, seconds since the epoch.
        monotonic: The same moment in seconds that only go forward.
        reading: What the last answer says of the service's clock, if it is believed.
        status: HTTP status of the last attempt's answer, or None if none came.
        credentials: Headers that authorized the last attempt.
    """

    endpoint: str
    deadline: Deadline
    attempts: int = 0
    tries: int = 0
    failures: tuple[LicenseSpringError, ...] = ()
    remedies: frozenset[str] = frozenset()
    last_retry: Kind | None = None
    signed_offset: float = 0.0
    received: float = 0.0
    monotonic: float = 0.0
    reading: Reading | None = None
    status: int | None = None
    credentials: Mapping[str, str] = attrs.field(default=NO_HEADERS, repr=False)

    def follow_up(self, endpoint: str) -> History:
        """Return the history of another call that shares this one's deadline."""
        return History(endpoint=endpoint, deadline=self.deadline)

    def stamp(self, error: LicenseSpringError) -> None:
        """Record on an error which call it ended."""
        error.endpoint = self.endpoint
        error.attempts = self.attempts
        error.elapsed = self.deadline.elapsed
        error.waited = self.deadline.waited
        error.earlier = tuple(each for each in self.failures if each is not error)
        error.may_have_acted = any(each.may_have_acted for each in (error, *self.failures))
