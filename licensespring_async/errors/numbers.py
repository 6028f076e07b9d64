"""Numbers in the texts of errors."""

from __future__ import annotations


def in_seconds(seconds: float) -> str:
    """Return a duration for a sentence: `0.25 s`, `3600 s`, never `3.6e+03 s` or `5e-05 s`."""
    return f"{round(seconds, 3):.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"
