"""The sandbox's journal: its latest requests, and counts of all requests, in bounded memory.

Unauthorized requests are recorded too, so a request may contain anything. No possible secret is stored in the clear.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast
from urllib.parse import parse_qsl

import attrs

from ...redaction import fingerprint, printable
from ..tenants.tokens import TOKEN_PATH

_LENGTH: Final = 500
_LONGEST: Final = 100  # characters of a client's text
_LONGEST_NAME: Final = 40  # the longest of the API has 27
_MOST_PARAMETERS: Final = 40  # an activation has 26
_MOST_PATHS: Final = 100
_SEARCHED: Final = 64 * 1024  # bytes of a query or a form
# These hold no secrets. All other parameters, known or not, are shown as fingerprints.
_SHOWN: Final = frozenset(
    {"product", "feature", "bundle_code", "env", "license_id", "consumptions", "allow_overages", "max_overages"}
    | {"borrowed_until", "include_expired_features", "grant_type", "login_type", "sdk_ver", "app_ver"}
    | {"version", "channel", "response_type"}
)
_log: Final = logging.getLogger("licensespring_async.sandbox.requests")


def _shortened(text: str) -> str:
    return printable(text[:_LONGEST])


@attrs.frozen(kw_only=True)
class Entry:
    """One request; possible secrets are fingerprints."""

    at: float
    method: str
    path: str = attrs.field(converter=_shortened)
    parameters: Mapping[str, str]
    status: int
    code: str | None
    fault: str | None

    def line(self) -> str:
        """Format the entry as one line for a terminal."""
        time = datetime.fromtimestamp(self.at, UTC).strftime("%H:%M:%S")
        told = [time, self.method, self.path, str(self.status or "-")]
        told += [self.code or "", f"(fault: {self.fault})" if self.fault else ""]
        told += [f"{name}={value}" for name, value in self.parameters.items()]
        return " ".join(filter(None, told))


@attrs.define
class Counters:
    """Request counts: total, refused, and by status, path and fault."""

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
        # A client can invent any number of paths, and a fault answers unknown ones too.
        is_known = entry.path in self.paths or len(self.paths) < _MOST_PATHS
        self.paths[entry.path if entry.status != 404 and is_known else "unknown"] += 1
        if entry.fault is not None:
            self.faults[entry.fault] += 1

    def to_json(self) -> dict[str, object]:
        """Return the counts as JSON."""
        return {
            "requests": self.requests,
            "refused": self.refused,
            "status": dict(self.statuses),
            "path": dict(self.paths),
            "fault": dict(self.faults),
        }


@attrs.define
class Journal:
    """The latest requests, and counts of all requests."""

    entries: deque[Entry] = attrs.field(factory=lambda: deque[Entry](maxlen=_LENGTH))
    counters: Counters = attrs.field(factory=Counters)

    def note(self, entry: Entry) -> None:
        """Record one request."""
        self.entries.append(entry)
        self.counters.add(entry)
        if _log.isEnabledFor(logging.INFO):
            _log.info("%s", entry.line())

    def clear(self) -> None:
        """Forget the requests."""
        self.entries.clear()
        self.counters = Counters()


def read_fields(path: str, query: bytes, body: bytes) -> dict[str, str]:
    """Read the fields of a query, of a token request's form, and of a JSON body.

    Any other body, such as an offline request, may be a secret as a whole. The content type does not help: curl sends
    every body as a form.
    """
    text = query[:_SEARCHED].decode(errors="replace")
    if path == TOKEN_PATH:
        text = f"{text}&{body[:_SEARCHED].decode(errors='replace')}"
    fields = dict(parse_qsl(text))
    if not body.lstrip().startswith(b"{"):
        return fields
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return fields
    return fields | {name: str(value) for name, value in cast("dict[str, object]", content).items()}


def shown_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return a request's parameters with secrets masked; those beyond the first 40 are only counted."""
    names = list(fields)
    shown = {_short(name): _masked(name, fields[name]) for name in names[:_MOST_PARAMETERS]}
    more = len(names) - _MOST_PARAMETERS
    return {**shown, "…": f"{more} more"} if more > 0 else shown


def code_of(body: bytes) -> str | None:
    """Return the code of an error answer, of the API or of the token endpoint."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    envelope = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    code = envelope.get("code") or envelope.get("error")
    return code[:_LONGEST] if isinstance(code, str) else None


def _short(name: str) -> str:
    return printable(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…")


def _masked(name: str, value: str) -> str:
    return _shortened(value) if name in _SHOWN else fingerprint(value)
