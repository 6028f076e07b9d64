"""What travels between a run and its Dask workers is text."""

from __future__ import annotations

import json

import attrs
import pytest

from licensespring_async import (
    ApiError,
    CircuitOpen,
    ConfigurationError,
    DeviceNotFound,
    InvalidApiKey,
    InvalidParameter,
    LicenseSpringError,
    RateLimited,
    ResponseError,
)
from licensespring_async.checks import LicenseCheck
from licensespring_async.fleet import Outcome, Result, Row
from licensespring_async.fleet.distributed.plain import (
    Checked,
    NoAnswer,
    read_checked,
    read_error,
    read_rows,
    written_checked,
    written_error,
    written_rows,
)
from licensespring_async.fleet.distributed.worker import NotReady
from licensespring_async.redaction import fingerprint

from .fakes import row, rows

ERRORS = [
    ConfigurationError("no credentials"),
    InvalidParameter("product", "is empty"),
    RateLimited(429, "", "slowly", 7.5),
    DeviceNotFound(400, "device_not_found", "no"),
    InvalidApiKey(401, "invalid_api_key", "no"),
    ApiError(503, "tomorrow", "later"),
    CircuitOpen(5.0, "it failed"),
    ResponseError("no JSON", problems=("a @ $.b",), status=502),
    NotReady("not prepared"),
]


def test_rows_travel() -> None:
    """A worker gets the rows that were sent, of features, bundles and licenses."""
    license = LicenseCheck(product="APP", hardware_id="d1", username="ana", license_id=7, bundle_code="SUITE")
    sent = [row(1), row(2, feature=None), *rows(3), Row(row=4, check=license)]
    assert read_rows(written_rows(sent)) == sent


@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each).__name__)
def test_errors_travel(error: LicenseSpringError) -> None:
    """What a worker failed with is the same error here, by class, words and how it is judged."""
    error.attempts, error.elapsed, error.earlier = 3, 1.5, (ConfigurationError("before"),)
    back = read_error(written_error(error))
    assert (type(back), str(back)) == (type(error), str(error))
    assert back is not None
    for name in ("attempts", "elapsed", "may_pass", "is_about_everything", "exit_code", "code_name"):
        assert getattr(back, name) == getattr(error, name)
    assert read_error(written_error(None)) is None


def test_results_are_named_where_the_journal_is() -> None:
    """A result is its row's, whatever the worker calls it, and named by the salt of this process."""
    [asked] = rows(1)
    answered = Result(row=7, line=99, outcome=Outcome.LICENSED, code="ok", product="OTHER", key="#0", attempts=1)
    checked = read_checked(written_checked(Checked([answered], throttled=2)), [asked])
    assert checked == Checked(
        [
            attrs.evolve(
                answered,
                row=1,
                line=2,
                product="APP",
                feature="render",
                hardware=fingerprint("d1"),
                key=fingerprint("KEY-0001"),
                check="feature",
            )
        ],
        throttled=2,
    )


WRONG: list[dict[str, object]] = [
    {"attempts": "many"},
    {"code": 7},
    {"outcome": "yes"},
    {"row": None},
    {"verified": []},
]
RESULT = json.loads(Result(row=1, outcome=Outcome.LICENSED).to_json())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        b"{}",
        "",
        "{",
        "[]",
        "7",
        '"text"',
        "[" * 100_000,
        json.dumps({"outcomes": []}),
        json.dumps({"outcomes": [None, None], "throttled": 0}),
        json.dumps({"outcomes": [None], "throttled": "0"}),
        json.dumps({"outcomes": [7], "throttled": 0}),
        json.dumps({"outcomes": ["{}"], "throttled": 0}),
        *(json.dumps({"outcomes": [json.dumps(RESULT | change)], "throttled": 0}) for change in WRONG),
        json.dumps({"error": "SystemExit", "args": [], "fields": {}}),
        json.dumps({"error": "ApiError", "args": [], "fields": {}}),
        json.dumps({"error": "ApiError", "args": 1, "fields": {}}),
        json.dumps({"error": "RateLimited"}),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_no_answer_is_refused(answer: object) -> None:
    """Anything but the text of results and errors is an error of the worker's, that may pass."""
    with pytest.raises(NoAnswer, match="cannot be read"):
        read_checked(answer, rows(1))
