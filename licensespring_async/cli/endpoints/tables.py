"""Answers as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table

from ...models import Borrowing, Consumption, License, LicenseFeature, Trial, Version
from ..console import text
from ..wording import counted, from_now


def feature_table(feature: LicenseFeature, now: datetime) -> Table:
    """Return a feature as a table of names and values."""
    return named(
        {
            "Feature": f"{feature.name} ({feature.code})" if feature.name else feature.code,
            "Type": str(feature.feature_type or ""),
            "Ends": _ends(feature.expiry_date, now),
            "Floating": _floating(feature),
            "Consumption": _consumption(feature),
            "License id": str(feature.license_id),
        }
    )


def consumption_table(consumption: Consumption, _: datetime) -> Table:
    """Return the consumption after a use as a table of names and values."""
    pool = consumption.pool or {}
    return named(
        {
            "Consumption": _consumption(consumption),
            "Pool": ", ".join(f"{name} {value}" for name, value in pool.items() if not isinstance(value, dict | list)),
        }
    )


def borrowing_table(borrowing: Borrowing, now: datetime) -> Table:
    """Return a borrowed slot as a table of names and values."""
    until = borrowing.borrowed_until
    return named(
        {
            "Borrowed until": "unknown" if until is None else _ends(until, now),
            "License id": str(borrowing.license_id),
        }
    )


def trial_table(trial: Trial, now: datetime) -> Table:
    """Return a trial as a table of names and values, without its secrets."""
    return named(
        {
            "Type": str(trial.license_type or ""),
            "Lasts": trial.valid_duration or "",
            "Ends": "" if trial.validity_period is None else _ends(trial.validity_period, now),
        }
    )


def versions_table(versions: Iterable[Version], _: datetime) -> Table:
    """Return versions as a table, one line each, even if a version has several files."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Version", overflow="fold")
    table.add_column("Released")
    for version, released in dict.fromkeys((each.version, each.release_date) for each in versions):
        table.add_row(text(version), text("unknown" if released is None else f"{released:%Y-%m-%d}"))
    return table


def named(values: Mapping[str, str]) -> Table:
    """Return a table of names and values; an empty value is left out."""
    return _pairs({name: text(value) for name, value in values.items() if value})


def _pairs(values: Mapping[str, RenderableType]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(text(name), value)
    return table


def license_table(license: License, now: datetime) -> Licenses:
    """Return a license as a table with one line."""
    return licenses_table([license], now)


def licenses_table(licenses: Iterable[License], now: datetime) -> Licenses:
    """Return the licenses of a bundle or a listing as a table, one line each."""
    return Licenses([_fields(license, now) for license in licenses])


@attrs.frozen
class Licenses:
    """A table of licenses; on a terminal that is too narrow for it, each license is a list of names and values."""

    rows: Sequence[Mapping[str, RenderableType]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table or the lists."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in self.rows[0] if self.rows else ():
            table.add_column(name, overflow="fold", justify="right" if name == "Devices" else "left")
        for row in self.rows:
            table.add_row(*row.values())
        needed = console.measure(table, options=options.update(width=10_000)).minimum  # without breaking words
        if needed <= options.max_width:
            yield table
            return
        for row in self.rows:
            yield ""
            yield _pairs(row)


def _fields(license: License, now: datetime) -> Mapping[str, RenderableType]:
    validity = license.is_valid(now)
    return {
        "Product": text(license.product_details.short_code),
        "Type": text(str(license.license_type)),
        "Valid": text("yes", "green") if validity else text(str(validity.reason), "yellow"),
        "Ends": text(_ends(license.ends_at, now)),
        "Devices": text(_devices(license)),
        "Features": text(", ".join(each.code for each in license.product_features) or "none"),
    }


def _ends(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({from_now(moment - now)})"


def _floating(feature: LicenseFeature) -> str:
    if not feature.floats:
        return "no"
    where = "yes" if feature.is_floating_cloud else "yes, by an on-premise server"
    used, slots = feature.floating_in_use_devices, feature.floating_users
    if used is None:
        return where
    return (
        f"{where}, {counted(used, 'slot')} in use" if slots is None else f"{where}, {used:,} of {slots:,} slots in use"
    )


def _consumption(uses: LicenseFeature | Consumption) -> str:
    if not uses.is_consumption:
        return ""
    used = f"{uses.total_consumptions or 0:,} used"
    left = uses.remaining_consumptions
    return f"{used}, unlimited" if left is None else f"{used}, {left:,} left"


def _devices(license: License) -> str:
    used, most = license.times_activated, license.max_activations
    if used is None:
        return "unknown"
    if license.allow_unlimited_activations:
        return f"{used:,} of unlimited"
    return f"{used:,}" if most is None else f"{used:,} of {most:,}"
