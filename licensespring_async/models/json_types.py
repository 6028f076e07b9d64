"""JSON as it is before and after the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]
JsonScalar: TypeAlias = str | int | float | bool | None
