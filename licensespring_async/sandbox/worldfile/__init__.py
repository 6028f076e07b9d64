"""World files: worlds as TOML. Errors name line and key."""

from .building import Company, load_companies, load_world
from .reading import WorldFileError

__all__ = ["Company", "WorldFileError", "load_companies", "load_world"]
