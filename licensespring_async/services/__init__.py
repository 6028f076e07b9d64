"""What a service needs around a license check."""

from .decisions import Decision, FeatureCheck, GateOverloaded
from .gate import LicenseGate
from .grace import Grace
from .stores import SqliteStore, Store, StoreError

__all__ = [
    "Decision",
    "FeatureCheck",
    "GateOverloaded",
    "Grace",
    "LicenseGate",
    "SqliteStore",
    "Store",
    "StoreError",
]
