"""Routes that need a license: thin adapters, one module per framework, over one requirement.

`licensing.py` opens a client and a gate with the application. `requirement.py` turns a request into a decision or a
denial. An adapter (`fastapi.py`, `starlette.py`, `litestar.py`) passes that on to its framework, through the public
interface only.
"""

from .headers import by_headers
from .licensee import Licensee
from .licensing import Licensing
from .requirement import Denial, Requirement
from .sources import by_address

__all__ = ["Denial", "Licensee", "Licensing", "Requirement", "by_address", "by_headers"]
