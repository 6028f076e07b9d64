"""The headers of attempts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .history import NO_HEADERS


class Heads:
    """Makes the headers of attempts; attempts of one second share them, since a signature covers only the date.

    Args:
        user_agent: Names this library.
    """

    def __init__(self, user_agent: str) -> None:
        self._user_agent: Final = user_agent
        self._latest: tuple[str, Mapping[str, str], str | None] = ("", NO_HEADERS, None)
        self._headers: Mapping[str, str] = NO_HEADERS

    def of(self, date: str, credentials: Mapping[str, str], content_type: str | None) -> Mapping[str, str]:
        """Return the headers of an attempt, read-only.

        Args:
            date: The `Date` header.
            credentials: Headers that authorize it.
            content_type: Media type of the body; None without a body.
        """
        latest_date, latest_credentials, latest_type = self._latest
        if credentials is latest_credentials and date == latest_date and content_type == latest_type:
            return self._headers
        headers = {
            "Accept": "application/json",
            # Compression gains nothing on a few hundred bytes, and a compressed body can expand a thousandfold.
            "Accept-Encoding": "identity",
            "Date": date,
            **credentials,
            "User-Agent": self._user_agent,
        }
        if content_type is not None:
            headers["Content-Type"] = content_type
        self._latest, self._headers = (date, credentials, content_type), MappingProxyType(headers)
        return self._headers
