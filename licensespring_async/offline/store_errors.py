"""Errors of a license store.

LicenseStoreError
├── NothingStored       there is no file
├── StoreDamaged        the file is not as it was written
├── StoreTooNew         a newer version of the package wrote the file
├── StoreUnusable       the file cannot be read or written, or another process keeps it locked
└── ClockTurnedBack     the clock is behind a moment that the store has seen
"""

from __future__ import annotations

from ..errors import LicenseSpringError


class LicenseStoreError(LicenseSpringError):
    """A license could not be stored, or not be read from its store."""


class NothingStored(LicenseStoreError):
    """No license is stored on this device; check or activate it online, or save an offline file."""


class StoreDamaged(LicenseStoreError):
    """The file is not as it was written, or was sealed with another secret. It is never replaced automatically.

    `LicenseStore.clear()` deletes it. Then check the license online, or save its offline file again.
    """


class StoreTooNew(LicenseStoreError):
    """A newer version of the package wrote the file; update the package."""


class StoreUnusable(LicenseStoreError):
    """The file cannot be read or written, or another process keeps it locked; the text says which."""


class ClockTurnedBack(LicenseStoreError):
    """The clock is behind a moment that the store has seen; set it right, or check the license online."""
