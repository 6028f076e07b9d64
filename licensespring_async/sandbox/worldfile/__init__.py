"""World files: a sandbox's world as TOML, read with errors that name line and key."""

from .building import Company, load_companies, load_world
from .reading import WorldFileError

__all__ = ["Company", "WorldFileError", "load_companies", "load_world"]
