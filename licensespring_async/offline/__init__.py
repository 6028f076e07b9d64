"""Licensing without a network: texts and files that people carry between a device and the service.

`request.py` makes the text of a `.req` file, `files.py` reads what comes back, and `air_gap.py` makes and checks the
codes of devices that never see a file either. They are pure. `store.py` keeps the license of this device in a file.
Nothing here needs a network or an event loop.
"""

from .air_gap import AirGap, Policy
from .files import read_bundle, read_license, read_refresh
from .request import OfflineRequest, activation_request, deactivation_request
from .store import LicenseStore, Stored
from .store_errors import (
    ClockTurnedBack,
    LicenseStoreError,
    NothingStored,
    StoreDamaged,
    StoreTooNew,
    StoreUnusable,
)

__all__ = [
    "AirGap",
    "ClockTurnedBack",
    "LicenseStore",
    "LicenseStoreError",
    "NothingStored",
    "OfflineRequest",
    "Policy",
    "StoreDamaged",
    "StoreTooNew",
    "StoreUnusable",
    "Stored",
    "activation_request",
    "deactivation_request",
    "read_bundle",
    "read_license",
    "read_refresh",
]
