"""License checks for long-running services; imported only when used.

`gate/` answers checks from memory. `license_session/` holds the license of this device while a program runs. A `Lease`
(`leases/`) holds a floating slot for the length of an `async with`. One task renews the slots of all leases of a
client. It lives in the task group of one open lease, and moves to another when that lease ends. So nothing outlives an
`async with`, and a client without leases has no task.
"""

from ..checks import BundleCheck, FeatureCheck, LicenseCheck
from ..leases.lease import Lease
from .blocking.session import BlockingLicenseSession, blocking_license_session
from .gate.decisions import Decision, GateOverloaded
from .gate.gate import LicenseGate
from .gate.grace import Grace
from .gate.stores import SqliteStore, Store, StoreError
from .license_session import Change, LicenseSession, LicenseUnusable, State, Use, UsesKept

__all__ = [
    "BlockingLicenseSession",
    "BundleCheck",
    "Change",
    "Decision",
    "FeatureCheck",
    "GateOverloaded",
    "Grace",
    "Lease",
    "LicenseCheck",
    "LicenseGate",
    "LicenseSession",
    "LicenseUnusable",
    "SqliteStore",
    "State",
    "Store",
    "StoreError",
    "Use",
    "UsesKept",
    "blocking_license_session",
]
