"""Report on a run: read its results one by one, count them in bounded memory, and render a page."""

from .findings import Findings
from .origin import Origin, summary_of
from .records import read_records

__all__ = ["Findings", "Origin", "read_records", "summary_of"]
