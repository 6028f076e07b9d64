"""The license of this device while a program runs.

`session.py` is the public class. `inquiry.py` asks the service, and falls back on the answer that `keeping.py` has
stored. `standing.py` derives the state at a moment; it is pure. `knowledge.py` holds the standing and reports changes.
`counting.py` counts uses. `slot.py` holds the license's own slot, and `holding.py` floating features. `watching.py`
times the checks.
"""

from .counting import Use, UsesKept
from .session import LicenseSession
from .standing import Change, LicenseUnusable, State

__all__ = ["Change", "LicenseSession", "LicenseUnusable", "State", "Use", "UsesKept"]
