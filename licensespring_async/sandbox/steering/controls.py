"""What the page says of how to get to a sandbox, and its buttons: the script sends what they say to the endpoints."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from html import escape
from typing import Final, cast, get_args

from .faults import Effect

_SPANS: Final = {"hour": 3_600, "day": 86_400, "30 days": 30 * 86_400}


def connection(url: str, keys: Mapping[str, object]) -> str:
    """Write the keys, which are made up, and commands to try.

    Args:
        url: Where the page was asked for.
        keys: What the sandbox accepts.
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
        '<section id="connection"><h2>Try this</h2>'
        "<p>In a shell on this machine. The keys are this sandbox's own, and open nothing else.</p>"
        f"{''.join(shown_command(each) for each in tried)}<dl class=keys>{items}</dl></section>"
    )


def command(name: str, **options: str) -> str:
    """Return a command of the command line, as a shell reads it."""
    words = [f"--{option.replace('_', '-')} {shlex.quote(value)}" for option, value in options.items() if value]
    return " ".join(["licensespring-async", name, *words])


def shown_command(text: str) -> str:
    """Show a command, to be copied whole."""
    return f"<pre><code>{escape(text)}</code></pre>"


def steering() -> str:
    """Write the forms that move the clock, add faults and go back to the start."""
    effects = "".join(f"<option>{effect}</option>" for effect in get_args(Effect))
    spans = "".join(
        f'<button type=button data-post="clock" data-send=\'{{"advance": {seconds}}}\'>+ {name}</button>'
        for name, seconds in _SPANS.items()
    )
    return f"""<section id="steering"><h2>Steer it</h2>
<div class=row><span>Clock</span>{spans}
<button type=button data-post="clock" data-send='{{"frozen": true}}'>Freeze</button>
<button type=button data-post="clock" data-send='{{"frozen": false}}'>Let run</button></div>
<form class=row data-post="faults"><span>Fault</span>
<label>effect <select name="effect" id="effect">{effects}</select></label>
<label>path <input name="path" id="path" placeholder="*/check_license" size="16"></label>
<label>times <input name="count" id="count" type="number" min="1" size="4"></label>
<label>status <input name="status" id="status" type="number" min="400" max="599" placeholder="503"></label>
<label>seconds <input name="seconds" id="seconds" type="number" min="0" step="any" placeholder="0.05"></label>
<button>Add fault</button>
<button type=button data-post="faults" data-method="DELETE">End all faults</button></form>
<div class=row><span>Everything</span>
<button type=button data-post="reset" data-ask="Take back what requests changed?">Reset</button></div>
<p id="told" role="status"></p></section>"""


def revoking(company: str, license_id: int, *, enabled: bool) -> str:
    """Write the button that revokes a license, or gives it back."""
    return (
        f'<button type=button id="enabled-{escape(company)}-{license_id}" data-post="licenses" data-send=\''
        f'{{"company": "{escape(company)}", "id": {license_id}, "enabled": {str(not enabled).lower()}}}\'>'
        f"{'Revoke' if enabled else 'Give back'}</button>"
    )
