"""How much of a consumption allowance is left."""

from __future__ import annotations


def remaining(*, unlimited: bool | None, maximum: int | None, used: int | None, overages: int) -> int | None:
    """Return the consumptions left, never below 0, or None when they are unlimited.

    A figure that the service left out counts as 0, so that a gap in an answer never reads as an allowance.

    Source: https://docs.licensespring.com/license-api/consumption (unlimited has priority over overages)
    """
    if unlimited:
        return None
    return max(0, (maximum or 0) + overages - (used or 0))


def granted_overages(*, allowed: bool | None, maximum: int | None) -> int:
    """Return how far a count may go over its maximum."""
    return (maximum or 0) if allowed else 0
