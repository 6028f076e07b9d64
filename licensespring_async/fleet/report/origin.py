"""What made the results: read from the summary that a run leaves beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self, cast

import attrs

from ...redaction import excerpt

_LARGEST = 1 << 20


def summary_of(results: Path) -> Path:
    """Return where the summary of a run is, by the name of its output or of its journal."""
    return Path(f"{str(results).removesuffix('.journal')}.summary.json")


@attrs.frozen(kw_only=True)
class Origin:
    """The run that made results; a text is "" when nobody knows.

    Attributes:
        command: Its command line.
        state: How it ended: `complete`, `aborted`, `interrupted`, `failed`, or `running`.
        reason: Why it ended early.
        began: When, in ISO 8601.
        ended: When, in ISO 8601.
        version: Of this package.
    """

    command: str = ""
    state: str = ""
    reason: str = ""
    began: str = ""
    ended: str = ""
    version: str = ""

    @classmethod
    def of(cls, results: Path) -> Self | None:
        """Return what the summary beside results tells, or None when there is none that can be read."""
        try:
            with summary_of(results).open("rb") as file:
                found: object = json.loads(file.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        fields = cast("dict[str, object]", found)
        texts = {name: fields.get(name) for name in attrs.fields_dict(cls)}
        return cls(**{name: excerpt(value) for name, value in texts.items() if isinstance(value, str)})
