"""Licensing without a network: texts and files that people carry between a device and the service.

`request.py` makes the text of a `.req` file, `files.py` reads what comes back, and `air_gap.py` makes and checks the
codes of devices that never see a file either. All of it is pure: no network, no event loop.
"""

from .air_gap import AirGap, Policy
from .files import read_bundle, read_license, read_refresh
from .request import OfflineRequest, activation_request, deactivation_request

__all__ = [
    "AirGap",
    "OfflineRequest",
    "Policy",
    "activation_request",
    "deactivation_request",
    "read_bundle",
    "read_license",
    "read_refresh",
]
