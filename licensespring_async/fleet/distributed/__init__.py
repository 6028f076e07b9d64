"""A fleet run on several machines: needs the extra `dask`."""

from .cluster import connected, is_local
from .engine import DaskChecker, dask_checker
from .worker import Settings

__all__ = ["DaskChecker", "Settings", "connected", "dask_checker", "is_local"]
