"""Headers that authorize one attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from ..auth import ApiKey
from ..errors import ApiError
from .policies.deadline import Deadline

Sign: TypeAlias = Callable[[str], Mapping[str, str]]


class Authorizer(Protocol):
    """Authorizes attempts; one for all calls of a client."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secrets that are in no request field, but that an answer may echo. Errors must not show them."""
        ...

    async def ready(self, deadline: Deadline) -> Sign:
        """Prepare an attempt, and return a function from its `Date` header to the headers that authorize it."""
        ...

    def tpm_message(self, date: str, headers: Mapping[str, str]) -> str:
        """Return what a TPM signs for an attempt with these headers."""
        ...

    def may_recover(self, error: ApiError, headers: Mapping[str, str]) -> bool:
        """Return whether to repeat a refused attempt with new headers; drop the refused ones."""
        ...


class KeyAuthorizer:
    """Signs with an API key; the signature covers the date alone, so it changes once a second."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key
        self._last: tuple[str, Mapping[str, str]] = ("", {})

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._key.shared_key, self._key.api_key)

    async def ready(self, deadline: Deadline) -> Sign:
        return self._sign

    def _sign(self, date: str) -> Mapping[str, str]:
        if date != self._last[0]:
            self._last = (date, {"Authorization": self._key.authorization(date)})
        return self._last[1]

    def tpm_message(self, date: str, headers: Mapping[str, str]) -> str:
        return self._key.sign(date)

    def may_recover(self, error: ApiError, headers: Mapping[str, str]) -> bool:
        return False
