"""`sandbox`: a License API on this machine."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ..commands import command
from ..console import write
from .options import Address, Format, Limits, Served, Steering, Told
from .telling import DEFAULT_PORT, ask_running, environment, log_requests, tell_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...sandbox import Sandbox


@command
def sandbox(*, address: Address, told: Told, served: Served, limits: Limits, steering: Steering) -> None:
    """Serve the License API on this machine, for development and tests.

    When it is ready, it prints its address, its credentials, its public key and a demo license: as text on a terminal,
    else as one line of JSON. It runs until Ctrl-C or SIGTERM, and exits with 0. Its web page is at /_sandbox/. In
    another terminal, this makes the other commands use it:

    eval "$(licensespring-async sandbox --print-env)"

    In PowerShell: licensespring-async sandbox --print-env | Out-String | iex
    """
    from ...sandbox import DEMO_FILE, SandboxError  # noqa: PLC0415  # an extra

    if served.print_world:
        write(DEMO_FILE.read_text(encoding="utf-8"))
        return
    try:
        if told.print_env:
            _tell(_running(address, served, limits, steering), Format.ENV)
            return
        _serve(_server(address, served, limits, steering), told, is_chosen=address.port is not None)
    except (SandboxError, ValueError) as e:
        raise ConfigurationError(str(e)) from e


def _serve(server: Sandbox, told: Told, *, is_chosen: bool) -> None:
    from ...sandbox import SandboxError  # noqa: PLC0415  # an extra

    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    shape = told.format or (Format.TEXT if is_terminal else Format.JSON)
    if shape is Format.TEXT if told.log is None else told.log:
        log_requests()
    is_ready = False

    def ready() -> None:
        nonlocal is_ready
        is_ready = True
        _tell(server.describe(), shape)

    try:
        server.serve_forever(ready)
    except SandboxError:
        if is_chosen or is_ready:
            raise
        server.port = 0
        server.serve_forever(ready)


def _tell(about: Mapping[str, Any], shape: Format) -> None:
    if shape is Format.TEXT:
        tell_people(about, int(about["url"].rpartition(":")[2]))
    elif shape is Format.JSON:
        write(json.dumps(about) + "\n")
    else:
        try:
            write(environment(about))
        except OSError as e:
            raise ConfigurationError(f"the file for LICENSESPRING_PUBLIC_KEY_FILE cannot be written: {e}") from e


def _running(address: Address, served: Served, limits: Limits, steering: Steering) -> Mapping[str, Any]:
    """Return what the running sandbox says about itself; read the keys from its `--db` if there is one."""
    running = ask_running(address.url, steering.control_token)
    if served.db is not None and address.port != 0:
        ours = {**_server(address, served, limits, steering).keys(), "url": address.url}
        if running is None or running["api_key"] == ours["api_key"]:
            return ours
        raise ConfigurationError(f"another sandbox runs at {address.url}: pass the --port of the one with this --db")
    if running is not None:
        return running
    raise ConfigurationError(
        f"no sandbox is running at {address.url}: start one with `licensespring-async sandbox`, or pass the --port, "
        "--control-token or --db of yours"
    )


def _server(address: Address, served: Served, limits: Limits, steering: Steering) -> Sandbox:
    from ...sandbox import Sandbox  # noqa: PLC0415  # an extra

    server = Sandbox(
        served.world,
        db=":memory:" if served.db is None else served.db,
        host=address.host,
        port=DEFAULT_PORT if address.port is None else address.port,
        rate_limits=limits.throttle(),
        control_token=steering.control_token,
        token_lifetime=served.token_lifetime,
    )
    server.clock.set_offset(steering.clock_offset)
    if steering.freeze:
        server.clock.freeze()
    return server
