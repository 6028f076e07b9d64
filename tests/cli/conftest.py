"""One sandbox for the whole run, and ways to run a command against it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner, Result

from licensespring_async.cli import app
from licensespring_async.sandbox import Sandbox, World, demo_world

Run = Callable[..., Result]

NO_ENVIRONMENT: dict[str, str | None] = {
    f"LICENSESPRING_{name}": None for name in ("API_KEY", "SHARED_KEY", "CLIENT_ID", "CLIENT_SECRET", "BASE_URL")
}


@pytest.fixture(scope="session")
def sandbox() -> Generator[Sandbox]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(demo_world())) as served:
        yield served


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return sandbox.world


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str | None]:
    """Credentials for the sandbox, as a shell has them, and a terminal's usual width."""
    return NO_ENVIRONMENT | {
        "LICENSESPRING_API_KEY": sandbox.api_key,
        "LICENSESPRING_SHARED_KEY": sandbox.shared_key,
        "LICENSESPRING_BASE_URL": sandbox.url,
        "COLUMNS": "80",
    }


@pytest.fixture
def key_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """The sandbox's public key in a file."""
    path = tmp_path / "key.pem"
    path.write_text(sandbox.public_key)
    return path


@pytest.fixture
def offline(environment: dict[str, str | None]) -> Run:
    """Run a command with credentials but without trusting any key."""

    def run(*words: str, **changes: str | None) -> Result:
        return CliRunner().invoke(app, words, env=environment | changes)

    return run


@pytest.fixture
def run(offline: Run, key_file: Path) -> Run:
    """Run a command that trusts the sandbox."""

    def run(*words: str, **changes: str | None) -> Result:
        return offline(*words, "--public-key", str(key_file), **changes)

    return run
