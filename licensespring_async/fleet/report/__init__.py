"""What a run came to, from the file of its results: read one record after another, counted in bounded memory, shown."""

from .findings import Findings
from .records import read_records

__all__ = ["Findings", "read_records"]
