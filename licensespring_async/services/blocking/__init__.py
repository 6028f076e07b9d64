"""The client for code that does not await: the same calls, run by an event loop in a thread of its own."""

from .client import BlockingLicenseSpring

__all__ = ["BlockingLicenseSpring"]
