"""`sandbox`: a License API on this machine."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from ..errors import ConfigurationError
from .exits import reported
from .extras import needs_extra


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 picks a free one.", metavar="NUMBER", min=0, max=65535)
    ] = 0,
) -> None:
    """Serve the License API on this machine, from memory, for development and tests.

    Prints one line of JSON when it is ready: where it answers, the credentials it accepts, the key that it signs with,
    and a demo license to try. Runs until Ctrl-C or SIGTERM, and then exits with 0.
    """
    with reported():
        with needs_extra("sandbox", "starlette", "uvicorn"):
            from ..sandbox import Sandbox, SandboxError  # noqa: PLC0415  # an extra
        server = Sandbox(host=host, port=port)

        def announce() -> None:
            sys.stdout.write(json.dumps(server.describe()) + "\n")
            sys.stdout.flush()

        try:
            server.serve_forever(announce)
        except SandboxError as e:
            raise ConfigurationError(str(e)) from e
