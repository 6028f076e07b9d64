"""The page's connection details and its controls; the script sends each button's data to a control endpoint."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from html import escape
from typing import Final, cast, get_args

from .faults import Effect

_SPANS: Final = {"1 hour": 3_600, "1 day": 86_400, "30 days": 30 * 86_400}
_ASK_RESET: Final = (
    "Reset the sandbox? This undoes every change, restores revoked licenses, resets the clock, removes all faults "
    "and clears the list of requests."
)


def connection(url: str, keys: Mapping[str, object]) -> str:
    """Render the sandbox's generated keys and the commands to try.

    Args:
        url: The address of the page, without a path.
        keys: The credentials that the sandbox accepts.
    """
    names = {"API key": "api_key", "Shared key": "shared_key", "OAuth client": "client_id", "Secret": "client_secret"}
    rows = {"Address": url, **{name: str(keys[key]) for name, key in names.items()}}
    items = "".join(f"<dt>{name}</dt><dd><code>{escape(value)}</code></dd>" for name, value in rows.items())
    port = url.rpartition(":")[2]
    tried = [f'eval "$(licensespring-async sandbox --print-env --port {port})"']
    demo = cast("Mapping[str, object] | None", keys.get("demo"))
    if demo is not None:
        options = {name: str(demo[name]) for name in ("product", "feature", "hardware_id", "license_key")}
        tried.append(command("check-feature", **options))
    return (
        '<section id="connection"><h2>Connect</h2>'
        "<p>In a shell on this machine. These keys work only in this sandbox.</p>"
        f"{''.join(shown_command(each) for each in tried)}<dl class=keys>{items}</dl></section>"
    )


def command(name: str, **options: str) -> str:
    """Return a command line, quoted for a shell."""
    words = [f"--{option.replace('_', '-')} {shlex.quote(value)}" for option, value in options.items() if value]
    return " ".join(["licensespring-async", name, *words])


def shown_command(text: str) -> str:
    """Render a command: a click selects all of it, and lines break between its options."""
    options = " ".join(f"<span>{escape(each)}</span>" for each in re.split(" (?=--)", text))
    return f"<pre><code>{options}</code></pre>"


def steering() -> str:
    """Render the controls: clock, faults and reset."""
    effects = "".join(f"<option>{effect}</option>" for effect in get_args(Effect))
    spans = "".join(
        f'<button type=button data-post="clock" data-send=\'{{"advance": {seconds}}}\'>+ {name}</button>'
        for name, seconds in _SPANS.items()
    )
    return f"""<section id="steering"><h2>Controls</h2>
<div class=row><span>Clock</span>{spans}
<button type=button data-post="clock" data-send='{{"frozen": true}}'>Freeze</button>
<button type=button data-post="clock" data-send='{{"frozen": false}}'>Resume</button></div>
<form class=row data-post="faults"><span>Fault</span>
<label>Effect <select name="effect" id="effect">{effects}</select></label>
<label>Path <input name="path" id="path" placeholder="*/check_license" size="16"></label>
<label>Count <input name="count" id="count" type="number" min="1" size="4"></label>
<label>Status <input name="status" id="status" type="number" min="400" max="599" placeholder="503"></label>
<label>Seconds <input name="seconds" id="seconds" type="number" min="0" step="any" placeholder="0.05"></label>
<button>Add fault</button>
<button type=button data-post="faults" data-method="DELETE">Remove all faults</button></form>
<div class=row><span>Sandbox</span>
<button type=button data-post="reset" data-ask="{_ASK_RESET}">Reset</button></div>
<p id="told" role="status"></p></section>"""


def revoking(company: str, license_id: int, *, enabled: bool) -> str:
    """Render the button that revokes or restores a license."""
    return (
        f'<button type=button id="enabled-{escape(company)}-{license_id}" data-post="licenses" data-send=\''
        f'{{"company": "{escape(company)}", "id": {license_id}, "enabled": {str(not enabled).lower()}}}\'>'
        f"{'Revoke' if enabled else 'Restore'}</button>"
    )
