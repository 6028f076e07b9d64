"""What a report counts, and the page that it becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.fleet import Outcome, Result
from licensespring_async.fleet.report import Findings, Origin, read_records
from licensespring_async.fleet.report.charts import rate_chart
from licensespring_async.fleet.report.page import render

from ..browsing import too_wide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "</script><script>alert(1)</script>"


def record(row: int = 1, outcome: Outcome = Outcome.LICENSED, *, key: str = "", ends: datetime | None = None) -> Result:
    return Result(row=row, outcome=outcome, key=key, expires_at=ends)


def found(*records: Result) -> Findings:
    findings = Findings(NOW)
    for each in records:
        findings.add(each)
    return findings


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_jsonl_and_csv_read_alike(tmp_path: Path) -> None:
    """The same record comes out of both formats; a formula's quote is undone."""
    fields = {"row": 7, "outcome": "error", "code": "=x", "seconds": 0.5, "slots_in_use": 3, "verified": True}
    lines = written(tmp_path / "a", json.dumps(fields) + "\n")
    table = written(tmp_path / "b", "row,outcome,code,seconds,slots_in_use,verified\n7,error,'=x,0.5,3,True\n")
    assert list(read_records(lines)) == list(read_records(table))


@pytest.mark.parametrize(
    "text",
    [
        '{"row":1,"outcome":"licensed","code":""}\n',
        '{"row":1,"outcome":"licensed"}\n',
        "row,outcome,code\n1,licensed,\n",
        '{"row":1,"outcome":"licensed","code":"ok"}\n',
    ],
)
def test_licensed_is_ok_in_records_of_any_version(tmp_path: Path, text: str) -> None:
    """Reads results that were written before what is licensed had a code, as it reads those of today."""
    (record,) = read_records(written(tmp_path / "results", text))
    assert (record.outcome, record.code) == (Outcome.LICENSED, "ok")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "contains no results"),
        ('{"row":1,"outcome":"licensed"}\n{"row":', "line 2: is not JSON"),
        ('{"row":1,"outcome":"maybe"}\n', "line 1: outcome"),
        ('{"row":1,"outcome":"licensed","at":1e300}\n', "line 1: at"),
        ('{"row":1,"outcome":"licensed","seconds":NaN}\n', "line 1: seconds"),
        ("row,outcome\n1\n", "line 2: has 1 cells"),
        ("hello\n", "line 1: is neither"),
    ],
)
def test_bad_input_names_file_and_line(tmp_path: Path, text: str, problem: str) -> None:
    """A line that is no record is an error that says where it is."""
    path = written(tmp_path / "results", text)
    with pytest.raises(ConfigurationError) as caught:
        list(read_records(path))
    assert str(caught.value).startswith(f"{path}: {problem}")


def test_a_secret_in_a_fingerprints_place_is_not_kept(tmp_path: Path) -> None:
    """What is no fingerprint becomes one, and fields that nobody knows are left out."""
    path = written(tmp_path / "r", '{"row":1,"outcome":"error","key":"SECRET-1","license_key":"SECRET-2"}\n')
    assert "SECRET" not in render(found(*read_records(path)), command="c", made=NOW)


def test_expiries_are_counted_by_horizon() -> None:
    """A license that ends in 20 days is among those of 30 and of 90 days."""
    findings = found(record(ends=NOW + timedelta(days=20)))
    assert [findings.expiring[days] for days in (7, 30, 90)] == [0, 1, 1]


def test_what_is_not_shown_is_told() -> None:
    """The table of attention is bounded, and the page says how many rows it leaves out."""
    findings = found(*(record(row, Outcome.ERROR) for row in range(250)))
    assert (len(findings.attention), findings.needing) == (100, 250)
    assert "150 more rows are not shown" in render(findings, command="c", made=NOW)


def test_quantiles_are_within_a_percent() -> None:
    """A quantile of 1 to 1,000 ms is right within 1 %."""
    findings = Findings(NOW)
    for row in range(1, 1001):
        findings.add(Result(row=row, outcome=Outcome.LICENSED, attempts=1, seconds=row / 1000))
    assert [findings.latency.quantile(share) for share in (0.5, 0.95, 0.99)] == pytest.approx([0.5, 0.95, 0.99], 0.011)


def test_a_long_run_has_few_points_and_loses_none() -> None:
    """14 hours fit into a bounded number of bins, which still hold every row and every second of work."""
    findings = Findings(NOW)
    for row in range(1000):
        findings.add(
            Result(
                row=row,
                outcome=Outcome.LICENSED,
                attempts=1,
                seconds=2.0,
                at=datetime.fromtimestamp(1e9 + row * 50, UTC),
            )
        )
    points, width = findings.timeline.points(), findings.timeline.width
    assert len(points) <= 242
    assert sum(rate for _, rate, _ in points) * width == pytest.approx(1000)
    assert sum(under_way for _, _, under_way in points) * width == pytest.approx(2000)


def test_slots_tell_last_and_most() -> None:
    """A license's slots are shown as last seen and at their most."""
    rows = [
        Result(row=n, outcome=Outcome.LICENSED, slots_in_use=used, slots_allowed=9) for n, used in enumerate((2, 8, 5))
    ]
    [slots] = found(*rows).slots.values()
    assert (slots.last, slots.most, slots.allowed) == (5, 8, 9)


@pytest.mark.parametrize("unlimited", [-1, 2**63 - 1, 2**64])
def test_a_services_word_for_no_limit_is_read_and_shown(tmp_path: Path, unlimited: int) -> None:
    """Figures of the service may be anything: a report of them is made all the same."""
    fields = {"row": 1, "outcome": "licensed", "slots_in_use": 3, "slots_allowed": unlimited}
    lines = [fields, fields | {"row": 2, "key": "#0123abcd", "slots_in_use": unlimited, "consumptions_left": unlimited}]
    path = written(tmp_path / "results.jsonl", "".join(f"{json.dumps(each)}\n" for each in lines))
    findings = found(*read_records(path))
    assert findings.slots[("", "", "")].allowed == (None if unlimited < 0 else 2**63 - 1)
    assert "Floating slots" in render(findings, command="c", made=NOW)


def test_the_fullest_licenses_are_kept() -> None:
    """Slots and what they are ordered by name the same licenses when there are too many."""
    findings = found(*(Result(row=n, outcome=Outcome.LICENSED, key=str(n % 60), slots_in_use=n) for n in range(300)))
    assert [holder for holder, _ in findings.ranks.items()] == [("", "", str(n)) for n in range(59, 34, -1)]
    assert set(findings.slots) == {holder for holder, _ in findings.ranks.items()}


def test_every_value_is_escaped() -> None:
    """No text of a record becomes markup."""
    hostile = Result(
        row=1,
        outcome=Outcome.ERROR,
        code=HOSTILE,
        message=HOSTILE,
        product=HOSTILE,
        feature=HOSTILE,
        attempts=1,
        at=datetime.fromtimestamp(1.0, UTC),
    )
    page = render(found(hostile), command=HOSTILE, made=NOW)
    assert "<script>alert" not in page
    assert page.count("</script>") == 1


def test_the_page_asks_for_nothing() -> None:
    """The page has a policy that forbids loading, and refers to nothing outside."""
    page = render(found(record()), command="c", made=NOW)
    assert "default-src 'none'" in page
    assert not [each for each in ("src=", "@import", 'href="http') if each in page]


def test_no_part_of_the_page_scrolls_sideways(browser: Any, tmp_path: Path) -> None:
    """On a desk and on a phone, long names and codes are wrapped."""
    rows = [
        Result(
            row=1_000_000 + number,
            outcome=outcome,
            code="license_not_enough_consumptions",
            message="Not enough consumptions left. " * 3,
            product=name,
            feature=name,
            hardware="#0123456789abcdef",
            key=f"#0123456789abcde{number}",
            attempts=1,
            seconds=0.5,
            at=NOW + timedelta(seconds=number),
            expires_at=NOW + timedelta(days=number),
            slots_in_use=1_000,
            slots_allowed=1_000,
            consumptions_left=-1_000_000,
        )
        for number, (outcome, name) in enumerate((each, name) for each in Outcome for name in ("TP", "LONG-NAME" * 5))
    ]
    path = written(tmp_path / "report.html", render(found(*rows), command="c" * 200, made=NOW))
    browser.get(path.as_uri())
    assert len(browser.find_elements("css selector", "table")) == 6
    assert too_wide(browser) == []


@pytest.mark.parametrize("seconds", [0.5, 30, 119, 121, 700, 3_600, 10_000, 12_000, 50_000, 100_000, 400_000, 4e6])
def test_any_length_of_a_run_has_its_chart(seconds: float) -> None:
    """From half a second to weeks, the time axis finds its steps."""
    findings = Findings(NOW)
    for row in range(20):
        at = datetime.fromtimestamp(1e9 + row * seconds / 19, UTC)
        findings.add(Result(row=row, outcome=Outcome.LICENSED, attempts=1, seconds=0.1, at=at))
    assert rate_chart(findings.timeline).count("<g") > 5


def test_a_run_that_did_not_end_is_told() -> None:
    """A page of a part of the rows says so, with the reason, escaped."""
    origin = Origin(
        command=f"fleet check {HOSTILE}", state="aborted", reason="3 errors are more than 2", began="2026-01-01"
    )
    page = render(found(record()), command="c", made=NOW, origin=origin)
    assert "the run was aborted (3 errors are more than 2)" in page
    assert "<script>alert" not in page


def test_answers_that_were_not_verified_are_told() -> None:
    """Rows that are licensed by unsigned answers are no small print."""
    assert "Rows licensed without a verified signature: 1." in render(found(record()), command="c", made=NOW)


def test_what_needs_attention_is_found_by_its_code() -> None:
    """The text that is searched has the code as the service writes it, and the line of the file."""
    row = Result(row=7, line=9, outcome=Outcome.NOT_LICENSED, code="license_expired", product="APP", feature="render")
    page = render(found(row), command="c", made=NOW)
    table = page[page.index('class="cards"') :]
    assert all(each in table for each in ("license_expired", "line 9", "APP", "render"))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"command": 7}', "\x00"])
def test_a_broken_summary_costs_no_report(tmp_path: Path, text: str) -> None:
    """What made the results is then not known, and nothing else is lost."""
    written(tmp_path / "r.jsonl.summary.json", text)
    assert not (Origin.of(tmp_path / "r.jsonl") or Origin()).command
