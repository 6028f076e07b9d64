"""Keys take long to make, so the whole run shares them; and a busy machine is no reason for a test to fail."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from .keys import Signer

settings.register_profile("unit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The key that the service signs with."""
    return Signer()


@pytest.fixture(scope="session")
def stranger() -> Signer:
    """A key that nobody trusts."""
    return Signer()
