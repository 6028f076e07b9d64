"""What becomes of a row: verdicts, results, and the line of JSON."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidParameter,
    RateLimited,
    ResponseError,
)
from licensespring_async.cli.fleet.output import open_output
from licensespring_async.fleet import Journal, Outcome, Result, check_row
from licensespring_async.fleet.report import read_records
from licensespring_async.fleet.results.fields import COUNT, MOMENT, NAME, TEXT, as_utc
from licensespring_async.fleet.results.result import KINDS
from licensespring_async.redaction import fingerprint

from ..fakes import Play, answer, refusal
from ..unit import bodies
from .fakes import Service, row

pytestmark = pytest.mark.anyio

LONG_AGO, FAR_AWAY = "2001-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


async def result_of(play: Play, feature: str | None = "render") -> Result:
    return await check_row(Service(plays={"d1": play}).client(), row(feature=feature))


def license(**changes: object) -> bodies.Json:
    return bodies.license(**{"validity_period": FAR_AWAY, **changes})


async def test_a_feature_is_licensed() -> None:
    """A feature that the service grants is licensed, with what the answer tells about it."""
    body = bodies.feature(expiry_date=FAR_AWAY, floating_in_use_devices=3)
    result = await result_of(answer(body=body))
    assert (result.outcome, result.code, result.message) == (Outcome.LICENSED, "ok", "")
    assert (result.expires_at, result.slots_in_use) == (datetime(2999, 1, 1, tzinfo=UTC), 3)
    assert (result.http_status, result.attempts, result.verified) == (200, 1, False)


async def test_consumptions_left_are_told() -> None:
    """A feature that counts its uses tells how many are left."""
    result = await result_of(answer(body=bodies.consumption_feature(max_consumption=25, total_consumptions=7)))
    assert result.consumptions_left == 18


async def test_a_feature_that_has_ended_is_not_licensed() -> None:
    """The service's yes does not outlive the feature's own end."""
    result = await result_of(answer(body=bodies.feature(expiry_date=LONG_AGO)))
    assert (result.outcome, result.code) == (Outcome.NOT_LICENSED, "feature_expired")
    assert result.message == "the feature ended at 2001-01-01T00:00:00+00:00"


async def test_a_bundle_with_one_valid_license_is_licensed() -> None:
    """A bundle is licensed as long as one of its licenses is valid."""
    body = [license(license_enabled=False), license(floating_in_use_devices=4)]
    result = await result_of(answer(body=body), feature=None)
    assert (result.outcome, result.feature, result.slots_in_use) == (Outcome.LICENSED, "", 4)


async def test_a_bundle_tells_the_tightest_figures_of_its_valid_licenses() -> None:
    """The first end, the most slots in use, the least consumptions left; a license that is not valid does not count."""
    soon = "2900-01-01T00:00:00.000Z"
    body = [
        license(license_active=False, validity_period=LONG_AGO, floating_in_use_devices=99),
        license(floating_in_use_devices=1),
        license(floating_in_use_devices=2, validity_period=soon),
        bodies.consumption_license(validity_period=FAR_AWAY, max_consumptions=100, total_consumptions=40),
        bodies.consumption_license(validity_period=None, max_consumptions=100, total_consumptions=90),
    ]
    result = await result_of(answer(body=body), feature=None)
    assert result.expires_at == datetime(2900, 1, 1, tzinfo=UTC)
    assert (result.slots_in_use, result.consumptions_left) == (2, 10)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"license_active": False}, "license_not_active"),
        ({"license_enabled": False}, "license_not_enabled"),
        ({"validity_period": LONG_AGO}, "license_expired"),
        ({"start_date": FAR_AWAY, "validity_period": None}, "license_not_started"),
    ],
)
async def test_a_bundle_without_a_valid_license_is_not_licensed(changes: bodies.Json, code: str) -> None:
    """The code is the service's own word for why the first license is not valid."""
    result = await result_of(answer(body=[license(**changes)]), feature=None)
    assert (result.outcome, result.code) == (Outcome.NOT_LICENSED, code)
    assert result.message.startswith("no license of the bundle is valid (APP: ")


async def test_an_empty_bundle_is_not_licensed() -> None:
    """A bundle that holds nothing licenses nothing."""
    result = await result_of(answer(body=[]), feature=None)
    assert (result.outcome, result.code) == (Outcome.NOT_LICENSED, "empty_bundle")


async def test_a_refusal_is_not_licensed() -> None:
    """What the service refuses is a result with the service's code, message and status."""
    result = await result_of(refusal("license_expired"))
    assert (result.outcome, result.code, result.message, result.http_status) == (
        Outcome.NOT_LICENSED,
        "license_expired",
        "about license_expired",
        400,
    )


@pytest.mark.parametrize(
    ("play", "code", "status"),
    [
        (refusal("something_new"), "something_new", 400),
        (refusal("internal_error", 500), "internal_error", 500),
        (answer(418, "teapot"), "api_error", 418),
        (answer(429, "slow down"), "rate_limited", 429),
        (answer(body={"id": "x"}), "response_error", 200),
        (ConnectionFailed("no route"), "connection_failed", None),
        (DeadlineExceeded("too slow"), "deadline_exceeded", None),
        (ResponseError("broken"), "response_error", None),
        (RateLimited(429, "flood", "wait"), "flood", 429),
    ],
)
async def test_a_failure_is_an_error_with_a_code(play: Play, code: str, status: int | None) -> None:
    """The code is the service's, or the name of the exception; the status is there when there was an answer."""
    result = await result_of(play)
    assert (result.outcome, result.code, result.http_status) == (Outcome.ERROR, code, status)
    assert result.message


async def test_an_error_without_a_code_tells_its_status() -> None:
    """The answer of some other server says that it is one: HTTP 404 and a web page mean a wrong address."""
    result = await result_of(answer(404, "<html>Not Found</html>"))
    assert result.message == "no error code (HTTP 404): <html>Not Found</html>"


async def test_an_error_tells_why_it_was_not_tried_again() -> None:
    """The note that the client leaves on an error is a part of the message."""
    result = await result_of(ConnectionFailed("no route"))
    assert result.message == "no route; gave up after attempt 1, the last that the retry policy allows"


def test_a_value_that_cannot_be_sent_is_refused_before_there_is_a_row() -> None:
    """A row made in code with a forbidden character is refused where it is made."""
    with pytest.raises(InvalidParameter, match="feature: contains a line feed"):
        row(feature="render\n")


async def test_a_result_holds_fingerprints_only() -> None:
    """Device and key are told apart without being told."""
    result = await result_of(refusal("license_expired"))
    assert (result.hardware, result.key) == (fingerprint("d1"), fingerprint("KEY-0001"))
    assert "KEY-0001" not in result.to_json()


def test_json_has_every_field() -> None:
    """A reader finds the same fields in every line."""
    fields = json.loads(Result(row=7, outcome=Outcome.SKIPPED, code="aborted").to_json())
    assert list(fields) == [
        "row",
        "line",
        "outcome",
        "code",
        "message",
        "product",
        "feature",
        "hardware",
        "key",
        "http_status",
        "attempts",
        "seconds",
        "expires_at",
        "slots_in_use",
        "consumptions_left",
        "verified",
        "slots_allowed",
        "at",
        "waited",
        "check",
    ]
    assert (fields["row"], fields["outcome"], fields["code"]) == (7, "skipped", "aborted")


def test_json_is_one_ascii_line() -> None:
    """Whatever a message holds, the line can be written anywhere and stays one line."""
    result = Result(row=1, outcome=Outcome.ERROR, message="Zürich\n\x1b[31m\ud800", seconds=0.123456)
    line = result.to_json()
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["seconds"] == 0.1235


def test_json_writes_moments_as_iso_8601() -> None:
    """An end is written with its offset."""
    result = Result(row=1, outcome=Outcome.LICENSED, expires_at=datetime(2030, 1, 2, tzinfo=UTC))
    assert json.loads(result.to_json())["expires_at"] == "2030-01-02T00:00:00+00:00"


_COUNTS = st.none() | st.integers(0, 2**63)
_FIGURES = st.none() | st.integers() | st.sampled_from([-1, 0, 2**31 - 1, 2**63 - 1, 2**63, 10**30])
_SECONDS = st.integers(0, 10**9).map(lambda count: count / 10_000)
_RESULTS = st.builds(
    Result,
    row=st.integers(1),
    line=_COUNTS,
    outcome=st.sampled_from(Outcome),
    **dict.fromkeys(("code", "message", "product", "feature", "hardware", "key"), st.text()),
    http_status=_COUNTS,
    attempts=st.integers(0),
    seconds=_SECONDS,
    waited=_SECONDS,
    expires_at=st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-12))])),
    slots_in_use=_FIGURES,
    consumptions_left=_FIGURES,
    verified=st.booleans(),
    slots_allowed=_FIGURES,
    at=st.none()
    | st.integers(0, 10**13).map(lambda count: datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=count)),
    check=st.sampled_from(["", "feature", "license", "bundle"]),
)


def test_a_licensed_result_of_an_earlier_version_is_ok() -> None:
    """Reads the journal of a version that wrote no code for what is licensed, and leaves other codes alone."""
    then = Result(row=1, outcome=Outcome.LICENSED).to_json().replace('"ok"', '""')
    assert '"code":""' in then
    assert Result.from_json(then).code == "ok"
    assert Result(row=1, outcome=Outcome.ERROR).code == ""


@given(result=_RESULTS)
def test_any_result_comes_back_from_its_json(result: Result) -> None:
    """Whatever a result holds, its line is JSON, and the journal and reports read the same result from it."""
    read = Result.from_json(result.to_json())
    # A moment in an offset of the last hours of year 9999 has no other form in UTC than the last moment there is.
    assert attrs.evolve(read, expires_at=None) == attrs.evolve(result, expires_at=None)
    assert read.expires_at == as_utc(result.expires_at)
    assert read.outcome is result.outcome


@given(result=_RESULTS)
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_what_is_written_can_be_read(tmp_path_factory: pytest.TempPathFactory, suffix: str, result: Result) -> None:
    """A report reads from every format what was written, texts cut and figures as large as a column holds."""
    path = tmp_path_factory.mktemp("results") / f"results.{suffix}"
    with open_output(str(path), force=False) as write:
        write([result])
    [read] = read_records(path)
    expected = Result(**{name: kind.to_show(getattr(result, name)) for name, kind in KINDS.items()})
    exact = [name for name, kind in KINDS.items() if kind not in (TEXT, NAME, MOMENT, COUNT)]
    assert {name: getattr(read, name) for name in exact} == {name: getattr(expected, name) for name in exact}
    assert read.expires_at == as_utc(result.expires_at)
    assert read.outcome is result.outcome


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives its rights up, which root can")
@pytest.mark.parametrize("was_cut_off", [False, True])
def test_a_journal_is_read_in_a_place_that_cannot_be_written(was_cut_off: bool) -> None:
    """By someone who may only read; what a run that was cut off left beside it is not passed over in silence."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl.journal"
        with Journal(path, {}) as journal:
            journal.add([Result(row=1, outcome=Outcome.LICENSED)])
            journal.commit()
            log = Path(f"{path}-wal").read_bytes()
        if was_cut_off:
            Path(f"{path}-wal").write_bytes(log)
        for each in Path(folder).iterdir():
            each.chmod(0o444)
        Path(folder).chmod(0o555)
        os.seteuid(65534)
        try:
            if was_cut_off:
                with pytest.raises(ConfigurationError, match="its run was cut off, and this directory is read-only"):
                    list(read_records(path))
            else:
                assert [each.row for each in read_records(path)] == [1]
        finally:
            os.seteuid(0)
