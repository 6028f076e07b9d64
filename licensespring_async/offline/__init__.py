"""Licensing without a network: texts and files that people carry between a device and the service.

`request.py` makes the text of a `.req` file. `files.py` reads license, refresh and bundle files. `air_gap.py` makes and
checks the codes of devices that see no files. `uses.py` counts uses that the service has not counted. These modules are
pure. `store.py` stores a license as a record (`record.py`) in a file (`record_file.py`), and `stored_uses.py` the uses
in it. `verifying.py` checks a record when it is read. Nothing here needs a network or an event loop.
"""

from .air_gap import AirGap, AirGapConfirmation, Policy, read_policy
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
from .stored_uses import StoredUses
from .uses import Doubt, Uses, UsesOfAnother, UseUnknown

__all__ = [
    "AirGap",
    "AirGapConfirmation",
    "ClockTurnedBack",
    "Doubt",
    "LicenseStore",
    "LicenseStoreError",
    "NothingStored",
    "OfflineRequest",
    "Policy",
    "StoreDamaged",
    "StoreTooNew",
    "StoreUnusable",
    "Stored",
    "StoredUses",
    "UseUnknown",
    "Uses",
    "UsesOfAnother",
    "activation_request",
    "deactivation_request",
    "read_bundle",
    "read_license",
    "read_policy",
    "read_refresh",
]
