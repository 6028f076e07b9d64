"""The sandbox's web page: its licenses, requests and controls, as HTML without a build step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, TypeAlias

import attrs

from ..tenants.tenants import Tenant
from ..world.devices import Devices
from .control import Control
from .controls import command, revoking, shown_command, steering
from .faults import Fault
from .journal import Entry
from .overview import LicenseRow, SlotsRow, licenses_of, shown_fault, shown_tenant

_LAST_REQUESTS: Final = 15
_LICENSES: Final = 50
_DOCUMENT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>License sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body>
<header><h1>License sandbox</h1><p id="live" role="status">reload to update</p>
<p><a href="portal/">Devices without a network</a></p></header>
<main>{sections}</main>
</body>
</html>
"""


@attrs.frozen
class Html:
    """Text that is already HTML."""

    text: str


Cell: TypeAlias = "str | Html"


def render(control: Control, tenants: Sequence[Tenant], now: datetime, *, connection: str, find: str = "") -> str:
    """Render the page.

    Args:
        control: Faults, requests and clock.
        tenants: The companies to show.
        now: The sandbox's time.
        connection: The connection details, as HTML.
        find: Show only licenses with this product, key, user or fingerprint.
    """
    sections = [_numbers(control, now), connection, steering()]
    sections += [_faults(control.faults.active), _requests(control.journal.entries)]
    sections += [_search(find), *(_tenant(tenant, now, find.strip()) for tenant in tenants)]
    return _DOCUMENT.format(sections="".join(sections))


def _numbers(control: Control, now: datetime) -> str:
    clock = control.clock
    time = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    if clock.is_frozen:
        time += ", frozen"
    elif abs(clock.offset) >= 1:
        time += f", {_span(abs(clock.offset))} {'ahead' if clock.offset > 0 else 'behind'}"
    counters = control.journal.counters
    pairs = {
        "Sandbox time": time,
        "Requests": f"{counters.requests:,}",
        "Refused": f"{counters.refused:,}",
        "Hit by a fault": f"{counters.faults.total():,}",
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs.items())
    return f'<dl id="numbers" data-live>{items}</dl>'


def _faults(faults: Sequence[Fault]) -> str:
    rows = [_fault(shown_fault(fault)) for fault in faults]
    return _section("faults", "Active faults", _table(["Effect", "Rule"], rows, "No fault is active."))


def _fault(shown: dict[str, object]) -> Sequence[Cell]:
    effect = str(shown.pop("effect"))
    return [effect, Html(" ".join(_parameter(name, str(value)) for name, value in shown.items()) or "every request")]


def _requests(journal: Iterable[Entry]) -> str:
    newest = list(journal)[: -_LAST_REQUESTS - 1 : -1]
    table = _table(["Time", "Request", "Parameters", "Answer"], [_request(entry) for entry in newest], "None yet.")
    return _section("requests", "Last requests", table)


def _request(entry: Entry) -> Sequence[Cell]:
    return [
        datetime.fromtimestamp(entry.at, UTC).strftime("%H:%M:%S"),
        f"{entry.method} {entry.path.removeprefix('/api/v4')}",
        Html(" ".join(_parameter(name, value) for name, value in entry.parameters.items())),
        Html(_status(entry)),
    ]


def _parameter(name: str, value: str) -> str:
    return f"<span class=parameter>{escape(name)} <b>{escape(value)}</b></span>"


def _status(entry: Entry) -> str:
    kind = "good" if entry.status < 400 else "bad"
    status = str(entry.status) if entry.status else "none"
    code = "" if entry.code is None else f" {entry.code}"
    fault = "" if entry.fault is None else f" <span class=fault>{escape(entry.fault)}</span>"
    return f"<span class={kind}>{escape(status + code)}</span>{fault}"


def _search(find: str) -> str:
    return (
        '<form role="search"><label for="find">Find licenses</label>'
        f'<input id="find" name="find" type="search" value="{escape(find)}" '
        'placeholder="product, key, user or #fingerprint"><button>Find</button></form>'
    )


def _tenant(tenant: Tenant, now: datetime, find: str) -> str:
    rows = licenses_of(tenant.world, now)
    found = [row for row in rows if not find or _is_found(row, find)]
    shown = shown_tenant(tenant)
    count = f"{len(found)} of {len(rows)} licenses" if find else f"{len(rows)} licenses"
    keys = f"<code>{escape(tenant.api_key)}</code>, secret <code>{escape(tenant.shared_key)}</code>"
    head = f"<p>API key {keys}, client {escape(shown['client_id'])}, {len(tenant.world.products)} products, {count}</p>"
    table = _table(
        ["Product", "License", "Type", "State", "Devices", "Slots in use", "Try this", "Revoke"],
        [_license(row, shown["api_key"]) for row in found[:_LICENSES]],
        "No license matches." if find else "This world has no licenses.",
    )
    more = len(found) - _LICENSES
    foot = f"<p>{more} more. Licenses with slots in use come first.</p>" if more > 0 else ""
    return _section(f"tenant-{shown['api_key'][1:]}", f"Company {shown['api_key']}", head + table + foot)


def _is_found(row: LicenseRow, find: str) -> bool:
    return find.lower() in row.product.lower() or find in (row.source.identifier, row.license)


def _license(row: LicenseRow, company: str) -> Sequence[Cell]:
    allowed = "any number" if row.max_devices is None else f"{row.max_devices:,}"
    slots = "".join(_meter(each) for each in row.slots)
    return [
        row.product,
        row.source.identifier,
        row.license_type,
        _state(row),
        f"{row.devices:,} of {allowed}",
        Html(slots),
        Html(_tried(row)),
        Html(revoking(company, row.id, enabled=row.enabled)),
    ]


def _tried(row: LicenseRow) -> str:
    license = row.source
    device = Devices(license.place).first_active()
    names = ("api activate_bundle", "check-bundle") if license.sublicenses else ("activate", "check")
    text = command(
        names[device is not None],
        product=row.product,
        license_key=license.key or "",
        username="" if license.user is None else license.user.username,
        hardware_id="my-device" if device is None else device.hardware_id,
    )
    name = "activate" if device is None else "check"
    return f'<details id="try-{license.id}"><summary>{name}</summary>{shown_command(text)}</details>'


def _state(row: LicenseRow) -> Html:
    if not row.enabled:
        return Html("<span class=bad>disabled</span>")
    if row.expired:
        return Html(f"<span class=bad>expired {escape((row.expires or '')[:10])}</span>")
    if not row.active:
        return Html("<span class=quiet>not active</span>")
    return Html(f"<span class=good>{'active' if row.expires is None else f'until {escape(row.expires[:10])}'}</span>")


def _meter(slots: SlotsRow) -> str:
    name = slots.feature or "license"
    used = f"{slots.in_use} of {slots.allowed}"
    high = f" high={max(slots.allowed - 0.5, 0)}" if slots.allowed else ""
    return (
        f"<div class=slots><span>{escape(name)}</span>"
        f'<meter value={slots.in_use} max={max(slots.allowed, 1)}{high} aria-label="{escape(name)}">{used}</meter>'
        f"<span>{used}</span></div>"
    )


def _section(identity: str, title: str, content: str) -> str:
    return f'<section id="{escape(identity)}" data-live><h2>{escape(title)}</h2>{content}</section>'


def _table(names: Sequence[str], rows: Sequence[Sequence[Cell]], empty: str) -> str:
    if not rows:
        return f"<p class=quiet>{escape(empty)}</p>"
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{_cells(names, row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(names: Sequence[str], row: Sequence[Cell]) -> str:
    return "".join(f'<td data-name="{name}">{_text(cell)}</td>' for name, cell in zip(names, row, strict=True))


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Html) else escape(cell)


def _span(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.0f} seconds"
