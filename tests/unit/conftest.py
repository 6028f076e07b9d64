"""Keys take long to make, so the whole run shares them."""

from __future__ import annotations

import pytest

from .keys import Signer


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The key that the service signs with."""
    return Signer()


@pytest.fixture(scope="session")
def stranger() -> Signer:
    """A key that nobody trusts."""
    return Signer()
