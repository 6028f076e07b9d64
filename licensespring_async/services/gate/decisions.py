"""Decisions of a gate."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ...errors import LicenseSpringError
from ...errors.numbers import in_seconds

Source: TypeAlias = Literal["service", "memory", "grace"]


@attrs.frozen(kw_only=True)
class Decision:
    """Say whether a feature or a license may be used; true or false as a condition.

    Attributes:
        allowed: Whether it may.
        code: "ok", the code of the service's refusal, or a code such as "feature_expired" for what has ended.
        source: "service": a new answer; "memory": a cached one; "grace": an old one, while the service cannot be
            reached.
        checked_at: When the service gave the answer, in seconds since the epoch.
        expires_at: Until when the answer stands, likewise.
        floating: Whether it has floating slots. A gate's check holds one, so its answer is cached for a shorter time,
            and further checks renew the slot. A session holds one only of its license and of its `features`.
    """

    allowed: bool
    code: str
    source: Source
    checked_at: float
    expires_at: float
    floating: bool = False

    def __bool__(self) -> bool:
        return self.allowed


class GateOverloaded(LicenseSpringError):
    """Too many checks were refused recently, so unknown ones are not sent; try again in `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"too many unknown checks were refused recently; try again in {in_seconds(self.retry_after)}"
