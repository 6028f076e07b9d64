"""The blocking client: the same calls, run by an event loop in its own thread."""

from .client import BlockingLicenseSpring

__all__ = ["BlockingLicenseSpring"]
