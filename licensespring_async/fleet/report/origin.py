"""The run that made the results, read from the summary file beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self, cast

import attrs

from ...redaction import excerpt

_LARGEST = 1 << 20


def summary_of(results: Path) -> Path:
    """Return the path of a run's summary, from its output or its journal."""
    return Path(f"{str(results).removesuffix('.journal')}.summary.json")


@attrs.frozen(kw_only=True)
class Origin:
    """The run that made the results; an unknown text is "".

    Attributes:
        command: Its command line.
        state: Its state: `complete`, `aborted`, `interrupted`, `failed`, or `running`.
        reason: Why it ended early.
        began: Its start, in ISO 8601.
        ended: Its end, in ISO 8601.
        version: Version of this package.
    """

    command: str = ""
    state: str = ""
    reason: str = ""
    began: str = ""
    ended: str = ""
    version: str = ""

    @classmethod
    def of(cls, results: Path) -> Self | None:
        """Read the summary beside the results; return None if it is missing or unreadable."""
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
