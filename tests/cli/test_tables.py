"""Answers as tables."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console, RenderableType

from licensespring_async.cli.endpoints.tables import feature_table, licenses_table
from licensespring_async.models import Bundle, LicenseFeature
from licensespring_async.models.converter import structure

from ..unit import bodies

NOW = datetime(2029, 12, 29, 12, tzinfo=UTC)


def lines(table: RenderableType, *, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(table)
    return [" ".join(each.split()) for each in text.getvalue().splitlines()]


def printed(table: RenderableType) -> str:
    return " ".join(" ".join(lines(table)).split())


def feature(**changes: object) -> str:
    return printed(feature_table(structure(bodies.feature(**changes), LicenseFeature), NOW))


def bundle(**changes: object) -> str:
    return printed(licenses_table(structure([bodies.license(**changes)], Bundle), NOW))


def test_a_feature_without_a_name_is_told_by_its_code() -> None:
    """Shows no None where the service says neither name nor type."""
    shown = feature(name=None, feature_type=None, code="render", is_floating_cloud=False)

    assert shown.startswith("Feature render Ends")


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (None, "Ends never"),
        ("2030-01-01T12:00:00Z", "Ends 2030-01-01 12:00 UTC (in 3 days)"),
        ("2029-12-29T13:30:00Z", "Ends 2029-12-29 13:30 UTC (in 1 hour)"),
        ("2029-12-28T12:00:00Z", "Ends 2029-12-28 12:00 UTC (1 day ago)"),
    ],
)
def test_an_end_is_told_with_how_far_off_it_is(end: str | None, expected: str) -> None:
    """Nobody has to compare dates."""
    assert expected in feature(expiry_date=end)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_floating_cloud": False}, "Floating no"),
        ({"floating_in_use_devices": 1}, "Floating yes, 1 slot in use"),
        ({"floating_in_use_devices": 3, "floating_users": 10}, "Floating yes, 3 of 10 slots in use"),
        ({"floating_in_use_devices": None}, "Floating yes License"),
        (
            {"is_floating_cloud": False, "is_floating": True, "floating_in_use_devices": 2},
            "Floating yes, by an on-premise server, 2 slots in use",
        ),
    ],
)
def test_floating_slots_are_counted(changes: bodies.Json, expected: str) -> None:
    """The table tells what the answer tells, and invents nothing."""
    assert expected in feature(**changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, "Consumption 7 used, 18 left"), ({"allow_unlimited_consumptions": True}, "Consumption 7 used, unlimited")],
)
def test_consumption_is_counted(changes: bodies.Json, expected: str) -> None:
    """Uses that are counted are shown with what is left."""
    body = structure(bodies.consumption_feature(**changes), LicenseFeature)
    assert expected in printed(feature_table(body, NOW))


def test_text_of_the_service_is_no_markup() -> None:
    """A name in square brackets is shown as it is."""
    assert "Feature [bold]x[/bold] (render)" in feature(name="[bold]x[/bold]")


def test_a_license_is_one_line() -> None:
    """Product, type, validity, end, devices and features."""
    assert "APP time-limited yes 2030-01-01" in bundle()
    assert "4 of 10 render" in bundle()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"license_enabled": False}, "not enabled"),
        ({"allow_unlimited_activations": True}, "4 of unlimited"),
        ({"product_features": []}, "none"),
    ],
)
def test_what_limits_a_license_is_shown(changes: bodies.Json, expected: str) -> None:
    """Why it is not valid, and what it has no limit or none of."""
    assert expected in bundle(**changes)


def test_a_narrow_terminal_breaks_no_word_of_a_license() -> None:
    """Where the table does not fit, each license is a list."""
    two = structure([bodies.license(), bodies.license(license_type="time-limited")], Bundle)
    wide, narrow = lines(licenses_table(two, NOW)), lines(licenses_table(two, NOW), width=40)
    assert "Product Type Valid Ends Devices Features" in wide
    assert {"Type time-limited", "Valid yes"} < set(narrow)
