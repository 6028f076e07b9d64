"""What the package logs, and what it imports for it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import anyio
import pytest

from licensespring_async import CircuitPolicy, LicenseSpringError, RetryPolicy

from ...fakes import CHECK, ScriptedEngine, answer, client
from ...transport import virtual
from ...transport.virtual import Run


def test_requests_and_retries_are_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Logs a retry at INFO and each request at DEBUG, with the attributes that spans have."""
    caplog.set_level(logging.DEBUG, "licensespring_async")

    async def main() -> None:
        await client(ScriptedEngine([answer(503, ""), answer()]), virtual.clock()).check_license_feature(**CHECK)

    run(main)
    first, retry, second = (vars(each) for each in caplog.records)
    assert [each["levelname"] for each in (first, retry, second)] == ["DEBUG", "INFO", "DEBUG"]
    assert {each["name"] for each in (first, retry, second)} == {"licensespring_async"}
    assert {each["licensespring.endpoint"] for each in (first, retry, second)} == {"check_license_feature"}
    assert (first["http.response.status_code"], first["error.type"]) == (503, "ApiError")
    assert (second["http.response.status_code"], second["error.type"]) == (200, None)
    assert (retry["licensespring.retry_delay"], second["http.request.resend_count"]) == (0.05, 1)


def test_a_circuit_that_opens_is_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Says when the circuit opens, and when it closes."""
    caplog.set_level(logging.INFO, "licensespring_async")

    async def main() -> None:
        engine = ScriptedEngine([answer(503, ""), answer()])
        policy = CircuitPolicy(min_attempts=1, open_for=5)
        its_client = client(engine, virtual.clock(), circuit=policy, retry=RetryPolicy(max_attempts=1))
        with pytest.raises(LicenseSpringError):
            await its_client.check_license_feature(**CHECK)
        await anyio.sleep(6)
        await its_client.check_license_feature(**CHECK)

    run(main)
    opened, closed = caplog.records
    assert (opened.levelname, vars(opened)["licensespring.circuit.state"]) == ("INFO", "open")
    assert (closed.levelname, vars(closed)["licensespring.circuit.state"]) == ("INFO", "closed")


def test_the_logger_is_silent_unless_asked() -> None:
    """Has no handler, so that a program sees what it sets logging up for."""
    assert logging.getLogger("licensespring_async").handlers == []


def test_without_the_extra_everything_else_works() -> None:
    """Needs OpenTelemetry for nothing but this module, which names the extra when it is missing."""
    code = """
import sys
sys.modules["opentelemetry"] = None
import licensespring_async, licensespring_async.services
from licensespring_async import ConfigurationError
try:
    import licensespring_async.services.telemetry
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r'python -m pip install .*\[otel\]"', done.stdout)


def test_nothing_is_imported_unless_used() -> None:
    """Imports no OpenTelemetry with the package, nor with its services."""
    code = "import sys, licensespring_async, licensespring_async.services; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
