"""The cases of tests/unit/wire: arguments of each endpoint, and the request that they make."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "wire"

Case = dict[str, Any]


def cases(endpoint: str) -> list[Case]:
    """The cases of one endpoint."""
    given: list[Case] = json.loads((WIRE / f"{endpoint}.json").read_text(encoding="utf-8"))
    for case in given:
        if end := case["arguments"].get("borrowed_until"):
            case["arguments"]["borrowed_until"] = datetime.fromisoformat(end)
    return given


def arguments(endpoint: str, **changes: object) -> dict[str, Any]:
    """Arguments that an endpoint accepts, those of its first case, with changes."""
    return {**cases(endpoint)[0]["arguments"], **changes}
