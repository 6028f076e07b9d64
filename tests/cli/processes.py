"""The command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

COMMAND = [sys.executable, "-m", "licensespring_async"]
IN_THE_BACKGROUND = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "from licensespring_async.__main__ import main\nmain()",
]
"""The command as a shell script starts it with `&`: it does not hear Ctrl-C."""


@contextmanager
def running(
    *words: str, stdin: int | None = subprocess.DEVNULL, command: Sequence[str] = COMMAND
) -> Generator[subprocess.Popen[str]]:
    """A command with its streams as pipes and no credentials, killed at the end, however the test went."""
    with subprocess.Popen(
        [*command, *words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line of stdout."""
    assert process.stdout is not None
    return process.stdout.readline()


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Variables without credentials, and a terminal's usual width."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LICENSESPRING_")}
    return kept | {"COLUMNS": "80"}
