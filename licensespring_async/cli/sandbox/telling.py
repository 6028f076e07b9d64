"""Print the sandbox's address and credentials, for people, programs and shells."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, cast

from ...file_writing import Replacement
from ..console import OUT, say, write

DEFAULT_PORT: Final = 8765
_LARGEST_ANSWER: Final = 100_000
_LOG: Final = logging.getLogger("licensespring_async.sandbox.requests")


class Shell(Enum):
    """A family of shells, and how their commands are spelled."""

    POSIX = "posix"
    POWERSHELL = "powershell"

    @classmethod
    def of(cls, system: str, environ: Mapping[str, str]) -> Shell:
        """Return the shell of a system (`os.name`); bash sets SHELL, on Windows too."""
        return cls.POWERSHELL if system == "nt" and "SHELL" not in environ else cls.POSIX

    def running(self, command: str) -> str:
        """Return what runs the commands that a command prints."""
        return f'eval "$({command})"' if self is Shell.POSIX else f"{command} | Out-String | iex"

    def setting(self, name: str, value: str) -> str:
        """Return the command that sets an environment variable."""
        if self is Shell.POSIX:
            return f"export {name}={shlex.quote(value)}\n"
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'\n"

    def unsetting(self, *names: str) -> str:
        """Return the command that removes environment variables."""
        if self is Shell.POSIX:
            return f"unset {' '.join(names)}\n"
        return f"Remove-Item {', '.join(f'Env:{name}' for name in names)} -ErrorAction Ignore\n"

    @property
    def onward(self) -> str:
        """What stands at the end of a line whose command goes on."""
        return " \\" if self is Shell.POSIX else " `"


SHELL: Final = Shell.of(os.name, os.environ)
"""The shell of this system."""


def tell_people(told: Mapping[str, Any], port: int, shell: Shell = SHELL) -> None:
    """Print the sandbox's address, its web page, and how to connect a client and the command line."""
    url, demo = told["url"], told["demo"]
    say(OUT, ("License sandbox", "bold"), f" at {url}. Ctrl-C ends it.")
    say(OUT, f"Web page and controls: {url}/_sandbox/")
    say(OUT, "")
    say(OUT, ("In another terminal:", "bold"))
    where = "" if port == DEFAULT_PORT else f" --port {port}"
    write(f"  {shell.running(f'licensespring-async sandbox --print-env{where}')}\n")
    if demo is not None:
        write(
            f"  licensespring-async check-feature{shell.onward}\n"
            f"    --product {demo['product']} --feature {demo['feature']}{shell.onward}\n"
            f"    --hardware-id {demo['hardware_id']}{shell.onward}\n"
            f"    --license-key {demo['license_key']}\n"
        )
    say(OUT, "")
    say(OUT, ("In Python, started from that terminal:", "bold"))
    write(
        '  key = os.environ["LICENSESPRING_PUBLIC_KEY_FILE"]\n'
        "  pem = Path(key).read_bytes()\n"
        "  async with LicenseSpring.from_env(public_key=pem) as client:\n\n"
    )


def environment(told: Mapping[str, Any], shell: Shell = SHELL) -> str:
    """Return shell commands that point the command line and `LicenseSpring.from_env` at this sandbox.

    Side effect: writes its public key to a private file of this user, named by a variable for the command line.

    Raises:
        OSError: The file cannot be written.
    """
    key = _folder() / f"sandbox-{told['url'].rpartition(':')[2]}.pem"
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Replacement(key, private=True) as written:
        written.file.write(told["public_key"].encode())
    variables = {
        "LICENSESPRING_BASE_URL": told["url"],
        "LICENSESPRING_API_KEY": told["api_key"],
        "LICENSESPRING_SHARED_KEY": told["shared_key"],
        "LICENSESPRING_PUBLIC_KEY_FILE": str(key),
    }
    # Both kinds of credentials at once are refused.
    unset = shell.unsetting("LICENSESPRING_CLIENT_ID", "LICENSESPRING_CLIENT_SECRET")
    return unset + "".join(shell.setting(name, value) for name, value in variables.items())


def log_requests() -> None:
    """Log each request to stderr; possible secrets appear as fingerprints."""
    if sys.stderr is not None and not _LOG.handlers:
        _LOG.addHandler(logging.StreamHandler())
        _LOG.setLevel(logging.INFO)
        _LOG.propagate = False


def ask_running(url: str, token: str | None) -> Mapping[str, Any] | None:
    """Return what a running sandbox says about itself; None if none answers.

    Args:
        url: Its address.
        token: Its control token.
    """
    from http.client import HTTPException  # noqa: PLC0415  # a sandbox starts without these
    from urllib.request import ProxyHandler, Request, build_opener  # noqa: PLC0415

    asked = Request(f"{url}/_sandbox/connection", headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    opener = build_opener(ProxyHandler({}))  # no proxy reaches this machine's own addresses
    try:
        with opener.open(asked, timeout=5) as answer:
            told = cast("object", json.loads(answer.read(_LARGEST_ANSWER)))
    except (OSError, HTTPException, ValueError):
        return None
    # Anyone on this machine may listen there: take only texts, and never its own claim of an address.
    fields = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    keys = {name: fields.get(name) for name in ("api_key", "shared_key", "public_key")}
    return {**keys, "url": url} if all(isinstance(value, str) for value in keys.values()) else None


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "licensespring-async"
