"""The blocking client, imported when it is first used: it takes a quarter of the sandbox's import time."""

import typing as _typing

if _typing.TYPE_CHECKING:
    from ...services.blocking import BlockingLicenseSpring

__all__ = ["BlockingLicenseSpring"]


def __getattr__(name: str) -> object:
    if name != "BlockingLicenseSpring":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ...services.blocking import BlockingLicenseSpring  # noqa: PLC0415

    return BlockingLicenseSpring
