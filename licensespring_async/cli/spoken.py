"""Errors in the words of the command line: options and variables instead of Python arguments."""

from __future__ import annotations

import re
import shlex
from ast import literal_eval
from collections.abc import Mapping
from inspect import cleandoc
from typing import Final

from ..endpoints.parameters import PARAMETERS
from ..errors import InvalidParameter, LicenseSpringError

_SETTINGS: Final[Mapping[str, str]] = {
    "api_key": "LICENSESPRING_API_KEY",
    "base_url": "--base-url (LICENSESPRING_BASE_URL)",
    "client_id": "LICENSESPRING_CLIENT_ID",
    "client_secret": "LICENSESPRING_CLIENT_SECRET",
    "columns": "--map",
    "concurrency": "--concurrency",
    "database": "--database",
    "delimiter": "--delimiter",
    "keep": "--keep",
    "max_concurrency": "--concurrency",
    "public_key": "--public-key",
    "query": "--sql",
    "rate_limits": "--rate",
    "retries": "--retries",
    "shared_key": "LICENSESPRING_SHARED_KEY",
    "timeout": "--timeout",
}
_PHRASES: Final[Mapping[str, str]] = {
    "contains a lone surrogate, which cannot be sent; decode the text properly": (
        "is not UTF-8 text, or the locale of this shell (LANG, LC_ALL) is not UTF-8"
    ),
    "give the same rows and settings, or name another file": (
        "give the same rows and options, name another --output, or start over with --force"
    ),
    "format=Format.JSONL": "--format jsonl",
    "verify_signatures=False": "--no-verify-signatures",
    "`ApiKey`": "LICENSESPRING_API_KEY and LICENSESPRING_SHARED_KEY",
    "`retry_after` seconds": "as long as it asks",
    ", and pace calls with `rate_limits`": "; `fleet check` paces many calls with --rate or --plan",
    "with rate_limits=RateLimits.every_plan(), or those of a plan, its calls wait for room": (
        "`fleet check` with --rate or --plan waits for room"
    ),
    ", or None.": ", or none.",
}
_FIRST: Final = re.compile(r"\A(\w+)(?=: )")
_QUOTED: Final = re.compile(r"`(\w+)`")
# Arguments of `read_rows` that its errors suggest.
_DELIMITER: Final = re.compile(r"\bdelimiter=(?='.{1,2}')")
_COLUMNS: Final = re.compile(r"\bcolumns=(\{.*?\})(?=\. | renames)")
# Errors about identities name other arguments too. Behind an article or in quotes, such a word is no argument.
_IDENTITY: Final = re.compile(
    r"(?<!\ba )(?<!\bthe )(?<!')\b(?:license_key|username|password|id_token|code|customer_account_code)\b"
)


_NOTHING_TO_DO: Final[Mapping[tuple[str | None, str], str]] = {
    ("release_floating_license", "floating_not_available"): "The device holds no slot: there is nothing to release.",
    **dict.fromkeys(
        [("deactivate_license", "device_not_found"), ("deactivate_bundle", "device_not_found")],
        "It is not active on this --hardware-id: there is nothing to deactivate.",
    ),
}
"""Advice for a refusal that elsewhere says how to get what is given back here."""


def option(name: str) -> str:
    """Return the option for a parameter: `--license-key`."""
    return f"--{name.replace('_', '-')}"


def advice(error: LicenseSpringError) -> str:
    """Return what an error means and what to do: the first sentence of its class's docstring, or what fits better."""
    if (nothing := _NOTHING_TO_DO.get((error.endpoint, error.kind))) is not None:
        return nothing
    first = " ".join(cleandoc(type(error).__doc__ or "").partition("\n\n")[0].split())
    return spoken(first.partition(". ")[0].rstrip(".") + ".") if first else ""


def told(error: LicenseSpringError) -> str:
    """Return an error's text for the command line."""
    if isinstance(error, InvalidParameter):
        options = " / ".join(_called(each) for each in error.parameter.split(" / "))
        return f"{options}: {_IDENTITY.sub(lambda found: option(found[0]), spoken(error.problem))}"
    return spoken(str(error))


def spoken(text: str) -> str:
    """Return a text with options and variables in place of settings and parameters."""
    for phrase, ours in _PHRASES.items():
        text = text.replace(phrase, ours)
    text = _COLUMNS.sub(_mapped, _DELIMITER.sub("--delimiter ", text))
    text = _FIRST.sub(lambda found: _SETTINGS.get(found[1], found[1]), text)
    return _QUOTED.sub(lambda found: _called(found[1], found[0]), text)


def _called(name: str, otherwise: str | None = None) -> str:
    if name in _SETTINGS:
        return _SETTINGS[name]
    return option(name) if name in PARAMETERS or otherwise is None else otherwise


def _mapped(found: re.Match[str]) -> str:
    try:
        columns: dict[str, str] = literal_eval(found[1])
    except (ValueError, SyntaxError):  # shortened, or a name with a brace
        return found[0]
    return " ".join(f"--map {shlex.quote(f'{ours}={given}')}" for ours, given in columns.items())
