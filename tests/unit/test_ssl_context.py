"""The TLS settings of a caller have to prove who the server is, whatever the engine."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.transport import HttptoolsEngine, HttpxEngine

Maker = Callable[..., HttpxEngine | HttptoolsEngine]

each_engine = pytest.mark.parametrize("engine", [HttpxEngine, HttptoolsEngine])


def context(**changes: Any) -> ssl.SSLContext:
    made = ssl.create_default_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python knows better than to speak TLS 1.1
        for name, value in changes.items():
            setattr(made, name, value)
    return made


@each_engine
def test_a_context_that_verifies(engine: Maker) -> None:
    """Takes a context as ssl.create_default_context makes it, and a stricter one."""
    engine(ssl_context=context())
    engine(ssl_context=context(minimum_version=ssl.TLSVersion.TLSv1_3))


@each_engine
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"check_hostname": False}, "must verify the server's certificate and host"),
        ({"check_hostname": False, "verify_mode": ssl.CERT_OPTIONAL}, "must verify"),
        ({"check_hostname": False, "verify_mode": ssl.CERT_NONE}, "must verify"),
        ({"minimum_version": ssl.TLSVersion.TLSv1_1}, "nothing older than TLS 1.2"),
    ],
)
def test_a_context_that_does_not(engine: Maker, changes: dict[str, object], problem: str) -> None:
    """Refuses a context that verifies less, or that would speak an older TLS."""
    with pytest.raises(ConfigurationError, match=problem):
        engine(ssl_context=context(**changes))


@each_engine
def test_a_context_that_leaves_the_version_open(engine: Maker) -> None:
    """Raises a lowest version that was never set to TLS 1.2."""
    given = context(minimum_version=ssl.TLSVersion.MINIMUM_SUPPORTED)

    engine(ssl_context=given)

    assert given.minimum_version is ssl.TLSVersion.TLSv1_2


@each_engine
def test_no_context(engine: Maker) -> None:
    """Refuses what is no context, such as requests' and httpx's verify=False."""
    with pytest.raises(ConfigurationError, match=r"must be an ssl\.SSLContext"):
        engine(ssl_context=False)
