"""Numbers in the texts of errors."""

from __future__ import annotations


def in_seconds(seconds: float) -> str:
    """Return a duration for a sentence: `0.25 s`, `3600 s`. Three digits alone would make the last `3.6e+03 s`."""
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"
