"""What a run came to, from the file of its results: read one record after another, counted in bounded memory, shown."""

from .findings import Findings
from .origin import Origin, summary_of
from .records import read_records

__all__ = ["Findings", "Origin", "read_records", "summary_of"]
