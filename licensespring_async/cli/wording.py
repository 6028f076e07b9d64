"""Numbers and times in sentences."""

from __future__ import annotations

from datetime import timedelta


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `1,000 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Format a duration: `2.0 s`, `4 min 10 s`, `13 h 54 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def rate(per_second: float) -> str:
    """Format a rate: `0.5/s`, `3,272/s`."""
    return f"{per_second:,.{0 if per_second >= 10 else 1}f}/s"


def from_now(left: timedelta) -> str:
    """Format the time until a moment, in days or hours: `in 3 days`, `1 hour ago`."""
    days, hours = divmod(abs(left) // timedelta(hours=1), 24)
    span = counted(days, "day") if days else counted(hours, "hour")
    return f"in {span}" if left > timedelta(0) else f"{span} ago"
