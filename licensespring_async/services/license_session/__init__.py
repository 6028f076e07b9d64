"""The license of this device for the life of a program.

`session.py` is what a program holds. `inquiry.py` asks the service and falls back on what `keeping.py` has kept of its
answers. `standing.py` says what follows from what is known at a moment; it is pure. `knowledge.py` holds that and
reports changes. `counting.py` counts uses, and `holding.py` holds floating features.
"""

from .counting import Use, UsesKept
from .session import LicenseSession
from .standing import Change, LicenseUnusable, State

__all__ = ["Change", "LicenseSession", "LicenseUnusable", "State", "Use", "UsesKept"]
