"""What a run leaves: results in every format, and its summary."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from licensespring_async import PRODUCTION_PUBLIC_KEY, ConfigurationError
from licensespring_async.cli.exits import Code
from licensespring_async.cli.fleet.meter import Meter
from licensespring_async.cli.fleet.output import open_output
from licensespring_async.cli.fleet.summary_file import Record, State
from licensespring_async.fleet import Journal, Outcome, Result, Summary, fingerprint, salted
from licensespring_async.fleet.report import read_records
from licensespring_async.sandbox import World

from .conftest import Run
from .processes import COMMAND, python
from .test_fleet_check import HEADER
from .test_fleet_resume import Service, fleet, serving, words

__all__ = ["serving"]
SECRET = "pass-word"


@pytest.fixture
def service() -> Any:
    with serving() as running:
        yield running


def summary_beside(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"{output}.summary.json").read_text())
    return found


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "jsonl.journal"])
def test_every_output_has_the_same_records(offline: Run, tmp_path: Path, service: Service, suffix: str) -> None:
    """What a run wrote is read back alike, with every field that a report needs, from each format and the journal."""
    service.codes["d2"] = (418, "teapot")
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\nAPP,d2,KEY,,\nAPP,,KEY,,\n")
    offline(*words(file, tmp_path / f"results.{suffix.removesuffix('.journal')}", service))
    first, second, third = sorted(read_records(tmp_path / f"results.{suffix}"), key=lambda each: each.row)
    assert (first.line, first.outcome, first.code, first.http_status) == (2, "not_licensed", "license_not_found", 400)
    assert (first.attempts, first.verified, first.product) == (1, False, "APP")
    assert first.key.startswith("#")
    assert first.seconds > 0
    assert first.at is not None
    assert (second.outcome, second.code, second.http_status) == ("error", "teapot", 418)
    assert (third.outcome, third.code, third.message) == ("error", "invalid_row", "hardware_id is missing")


@pytest.mark.parametrize("name", ["results.xlsx", "results.TSV", "results.csv.gz"])
def test_a_format_that_is_not_written_is_refused(offline: Run, tmp_path: Path, service: Service, name: str) -> None:
    """Results that no program would open under their name are not written."""
    done = offline(*words(fleet(tmp_path / "fleet.csv", 3), tmp_path / name, service))
    assert (done.exit_code, list(tmp_path.glob("results*"))) == (2, [])
    assert f"{name}: results are not written in this format; name a .csv, .parquet or .jsonl file" in done.stderr


def test_parquet_appears_whole_when_the_run_ends_early(tmp_path: Path) -> None:
    """However the run ends, the file has what was done; before that, what was there is left."""
    path = tmp_path / "results.parquet"
    with open_output(str(path), force=False) as write:
        write([Result(row=1, outcome=Outcome.LICENSED, message="\ud800", consumptions_left=10**30)])
        assert not path.exists()
    before = path.read_bytes()

    def interrupted() -> None:
        with open_output(str(path), force=True) as write:
            write([Result(row=1, outcome=Outcome.LICENSED)])
            assert path.read_bytes() == before
            write([Result(row=2, outcome=Outcome.LICENSED)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [each.row for each in read_records(path)] == [1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_a_parquet_output_goes_on(offline: Run, tmp_path: Path, service: Service) -> None:
    """Resumed, it has every row once, from the journal."""
    output = tmp_path / "results.parquet"
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    output.unlink()
    assert offline(*command).exit_code == 0
    assert [each.row for each in read_records(output)] == [1, 2, 3]
    assert service.sent.total() == 3


def test_a_moment_beyond_all_years_is_refused_by_a_report(tmp_path: Path) -> None:
    """A moment in Parquet that Python cannot hold is an error that names the file."""
    path = tmp_path / "results.parquet"
    moments = pa.array([2**60], pa.timestamp("us"))
    pq.write_table(pa.table({"row": [1], "outcome": ["licensed"], "at": moments}), path)
    with pytest.raises(ConfigurationError, match=r"results\.parquet: cannot be read as Parquet"):
        list(read_records(path))


def test_parquet_is_not_replaced_unasked(offline: Run, tmp_path: Path, service: Service) -> None:
    """A file that holds something is kept."""
    output = tmp_path / "results.parquet"
    output.write_text("mine")
    done = offline(*words(fleet(tmp_path / "fleet.csv", 3), output, service))
    assert (done.exit_code, output.read_text()) == (2, "mine")


def test_the_summary_tells_what_came_of_a_run(offline: Run, tmp_path: Path, service: Service) -> None:
    """Counts, times, options and the command are there for other programs."""
    service.codes["d2"] = (418, "teapot")
    output = tmp_path / "results.jsonl"
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    assert offline(*command).exit_code == 1
    found = summary_beside(output)
    assert (found["state"], found["complete"], found["exit_code"]) == ("complete", True, 1)
    assert (found["rows"], found["total"], found["earlier"], found["requests"]) == (3, 3, 0, 3)
    assert found["outcomes"] == {"licensed": 0, "not_licensed": 2, "error": 1, "skipped": 0}
    assert {"outcome": "error", "code": "teapot", "rows": 1} in found["codes"]
    assert 0 < found["p50"] <= found["p95"]
    assert found["seconds"] > 0
    assert found["options"]["rate_limits"] is None
    assert f"fleet check {tmp_path}/fleet.csv" in found["command"]
    assert "--unlimited" in found["command"]


def test_the_summary_of_a_run_that_ended_early_says_so(offline: Run, tmp_path: Path, service: Service) -> None:
    """An aborted run is not complete, and tells why."""
    service.codes = {f"d{n}": (418, "teapot") for n in range(1, 50)}
    output = tmp_path / "results.jsonl"
    assert offline(*words(fleet(tmp_path / "fleet.csv", 60), output, service), "--max-errors", "2").exit_code == 3
    found = summary_beside(output)
    assert (found["state"], found["complete"], found["exit_code"]) == ("aborted", False, 3)
    assert "are more than --max-errors 2" in found["reason"]


@pytest.mark.parametrize("cause", [ConfigurationError("the journal is full"), KeyboardInterrupt()])
def test_a_summary_that_cannot_be_written_hides_no_cause(
    tmp_path: Path, cause: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ended the run is what ends the command; that the summary is not written either is a warning before it."""
    folder = tmp_path / "gone"
    folder.mkdir()
    summary = Summary()
    meter = Meter(summary, total=1, pace=lambda: None, earlier=0, clock=time.monotonic)
    record = Record(str(folder / "results.jsonl"), {}, summary, meter, is_resumed=False)

    def fail() -> None:
        with record.kept(lambda: (State.COMPLETE, "", Code.OK)):
            shutil.rmtree(folder)
            raise cause

    with pytest.raises(type(cause)) as caught:
        fail()
    assert caught.value is cause
    assert "results.jsonl.summary.json: cannot be written" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_goes_on_began_when_it_first_did(offline: Run, tmp_path: Path, service: Service) -> None:
    """The summary, and the report with it, tell when the first of its rows was checked; a new run is begun anew."""
    output, long_ago = tmp_path / "results.jsonl", "2020-01-01T00:00:00+00:00"
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    kept = Path(f"{output}.summary.json")
    kept.write_text(json.dumps(summary_beside(output) | {"began": long_ago, "ended": long_ago}))
    for again in (command, words(tmp_path / "fleet.csv", output, service, "retry")):
        assert offline(*again).exit_code == 0
        assert summary_beside(output)["began"] == long_ago
        assert summary_beside(output)["ended"] > long_ago
    assert offline(*command, "--force").exit_code == 0
    assert summary_beside(output)["began"] > long_ago


def test_a_refused_run_leaves_the_summary_of_another(offline: Run, tmp_path: Path, service: Service) -> None:
    """A command that did not begin says nothing about the run whose files are there."""
    output = tmp_path / "results.jsonl"
    offline(*words(fleet(tmp_path / "fleet.csv", 3), output, service))
    before = summary_beside(output)
    assert offline(*words(fleet(tmp_path / "fleet.csv", 4), output, service)).exit_code == 2
    assert summary_beside(output) == before


def test_the_reason_in_the_summary_is_in_the_words_of_the_command(offline: Run, tmp_path: Path, world: World) -> None:
    """Why a run failed names options, like the error on the screen, and no Python arguments."""
    license = world.add_product("REASON").add_license()
    license.activate("d1")
    file, output = tmp_path / "fleet.csv", tmp_path / "results.jsonl"
    file.write_text(f"product,hardware_id,license_key,check\nREASON,d1,{license.key},license\n")
    other = tmp_path / "other.pem"
    other.write_text(PRODUCTION_PUBLIC_KEY)
    command = ("fleet", "check", str(file), "--output", str(output), "--public-key", str(other), "--yes")
    assert offline(*command).exit_code == 4
    reason = summary_beside(output)["reason"]
    assert "--base-url" in reason
    assert "base_url" not in reason


def test_a_stream_that_replaces_a_run_ends_its_journal(
    offline: Run, environment: dict[str, str | None], tmp_path: Path, service: Service
) -> None:
    """The command of the earlier run does not "resume" by writing its old results over those of the stream."""
    file, output = fleet(tmp_path / "fleet.csv", 3), tmp_path / "results.jsonl"
    stream = [*words(Path("-"), output, service), "--force"]
    offline(*words(file, output, service))
    subprocess.run(
        [*COMMAND, *stream],
        input=f"{HEADER}APP,d9,KEY,,\n",
        text=True,
        check=True,
        capture_output=True,
        env=os.environ | {name: value for name, value in environment.items() if value is not None},
    )
    assert [each.row for each in read_records(output)] == [1]
    done = offline(*words(file, output, service))
    assert (done.exit_code, [each.row for each in read_records(output)]) == (2, [1])
    assert "the file exists and is not empty" in " ".join(done.stderr.split())


QUERIES = [
    f"SELECT 'APP' AS product, 'd1' AS hardware_id, '{SECRET}' AS license_key",
    f'SELECT "APP" AS product, "d1" AS hardware_id, "{SECRET}" AS license_key',
    f"SELECT 'APP' AS product, 'd1' AS hardware_id, CAST(X'{SECRET.encode().hex()}' AS TEXT) AS license_key",
    f"SELECT 'APP' AS product, 'd1' AS hardware_id, 'it''s' AS license_key -- {SECRET}",
    f"/* {SECRET} */ SELECT 'APP' AS product, 'd1' AS hardware_id, 20240917001 AS license_key",
]


@pytest.mark.parametrize("query", QUERIES, ids=["quotes", "double quotes", "hex", "a comment", "a number"])
def test_secrets_are_in_no_file_that_a_run_leaves(offline: Run, tmp_path: Path, service: Service, query: str) -> None:
    """The database's password, the salt and the whole query are hidden in the command that is kept and reported."""
    output = tmp_path / "results.jsonl"
    (tmp_path / "empty.db").touch()
    _, _, _, *options = words(Path("-"), output, service)
    url = f"sqlite:///{tmp_path}/empty.db?cached_statements=17"
    done = offline("fleet", "check", "--sql", query, "--database", url, "--salt", "the salt 42", *options)
    assert done.exit_code == 0, done.output
    command = summary_beside(output)["command"]
    assert "--database '***'" in command
    assert "--salt '***'" in command
    with salted("the salt 42"):
        assert f"--sql '{fingerprint(query)}'" in command
    report = tmp_path / "results.html"
    assert offline("fleet", "report", str(output), "--output", str(report)).exit_code == 0
    left = [each for each in tmp_path.iterdir() if each.name.startswith("results")]
    assert len(left) == 4
    hidden = (SECRET, SECRET.encode().hex(), "cached_statements", "20240917001")
    assert not [each for each in left for word in hidden if word.encode() in each.read_bytes()]
    shown = [each for each in left if not each.name.endswith(".journal")]
    assert not [each for each in shown if b"the salt 42" in each.read_bytes()]


def test_json_progress_is_all_that_stderr_has(offline: Run, tmp_path: Path, service: Service) -> None:
    """A program that reads it meets nothing but objects, an error included."""
    command = words(fleet(tmp_path / "fleet.csv", 3), tmp_path / "results.jsonl", service)
    done = offline(*command, "--progress", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [each["event"] for each in events] == ["message", "warning", "message", "end"]
    assert (events[-1]["rows"], events[-1]["total"], events[-1]["outcomes"]["not_licensed"]) == (3, 3, 3)
    failed = offline(*command, "--progress", "json", "--release")
    assert json.loads(failed.stderr.splitlines()[-1])["event"] == "error"


def test_the_report_names_the_command_that_made_the_results(offline: Run, tmp_path: Path, service: Service) -> None:
    """From the results or their journal, the page shows the run's command, and that it did not come to its end."""
    service.codes = {f"d{n}": (418, "teapot") for n in range(1, 50)}
    output, page = tmp_path / "results.jsonl", tmp_path / "page.html"
    offline(*words(fleet(tmp_path / "fleet.csv", 60), output, service), "--max-errors", "2")
    for results in (output, Path(f"{output}.journal")):
        done = offline("fleet", "report", str(results), "-o", str(page), "--force")
        assert done.exit_code == 0, done.output
        text = page.read_text()
        assert f"fleet check {tmp_path}/fleet.csv" in text
        assert "Not every row was checked" in text


def test_a_journal_in_use_is_not_reported(offline: Run, tmp_path: Path, service: Service) -> None:
    """A report of a run that goes on says that it does."""
    output = tmp_path / "results.jsonl"
    offline(*words(fleet(tmp_path / "fleet.csv", 3), output, service))
    with Journal(Path(f"{output}.journal"), None):
        done = offline("fleet", "report", f"{output}.journal", "-o", str(tmp_path / "page.html"))
    assert done.exit_code == 2
    assert "is in use by another run" in done.stderr


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Without an extra, what needs it says what to install; the rest works."""
    (tmp_path / "fleet.parquet").write_bytes(b"PAR1")
    (tmp_path / "fleet.csv").write_text(HEADER)
    (tmp_path / "fleet.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    needing = {
        ("fleet.parquet", "--dry-run"): "parquet",
        ("fleet.csv", "--sandbox", "--output", "results.parquet"): "parquet",
        ("--sql", "SELECT 1 ORDER BY 1", "--database", "sqlite://", "--dry-run"): "sql",
        ("fleet.zst", "--dry-run"): "zstd",
    }
    if sys.version_info >= (3, 14):
        del needing["fleet.zst", "--dry-run"]  # zstd is a part of this Python
    done = python(
        f"import os, sys; os.chdir({str(tmp_path)!r})\n"
        "sys.modules.update(dict.fromkeys(['pyarrow', 'sqlalchemy', 'backports.zstd']))\n"
        "from licensespring_async.__main__ import main\n"
        f"for words in {list(needing)!r}:\n"
        "    sys.argv = ['licensespring-async', 'fleet', 'check', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: print(end.code)"
    )
    assert done.stdout == "2\n" * len(needing)
    refusals = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    for refusal, extra in zip(refusals, needing.values(), strict=True):
        assert re.search(rf'pip install .*\[{extra}\]"', refusal)
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="links are made as on POSIX")
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_no_file_of_a_run_is_written_through_a_link(
    offline: Run, tmp_path: Path, service: Service, suffix: str
) -> None:
    """Where another user has made links of the names that a run will use, what they lead to stays as it was."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    place = tmp_path / "shared"
    place.mkdir()
    output = place / f"results.{suffix}"
    for name in (output.name, f"{output.name}.summary.json", "report.html"):
        (place / name).symlink_to(precious)
        (place / f".{name}.partial").symlink_to(precious)
    command = words(fleet(tmp_path / "fleet.csv", 2), output, service)
    assert offline(*command, "--force").exit_code == 0
    assert len(list(read_records(output))) == 2
    assert summary_beside(output)["state"] == "complete"
    assert offline("fleet", "report", str(output), "--output", str(place / "report.html"), "--force").exit_code == 0
    assert precious.read_text() == "precious"

    journal = Path(f"{output}.journal")
    assert journal.stat().st_mode & 0o077 == 0
    journal.unlink()
    journal.symlink_to(precious)
    done = offline(*command)
    assert (done.exit_code, f"{journal}: cannot be used: is a link" in done.stderr) == (2, True)
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_results_can_be_joined_with_what_they_are_about(
    offline: Run, tmp_path: Path, service: Service, suffix: str
) -> None:
    """Kept columns and ids are in each result as they were, of duplicates and invalid rows too, also when resumed."""
    file, output = tmp_path / "fleet.csv", tmp_path / f"results.{suffix}"
    file.write_text(
        "product,hardware_id,license_key,Owner\nAPP,d1,KEY,Ünal\nAPP,d1,KEY,=Bo\nAPP,,KEY,\nAPP,d3,KEY,Cy\n"
    )
    command = [*words(file, output, service), "--keep", "Owner", "--show-ids"]
    offline(*command)
    for _ in range(2):
        rows = sorted(records_in(output), key=lambda each: int(each["row"]))
        assert [each["Owner"].lstrip("'") for each in rows] == ["Ünal", "=Bo", "", "Cy"]
        assert [(each["hardware_id"], each["license_key"]) for each in rows] == [
            ("d1", "KEY"),
            ("d1", "KEY"),
            ("", "KEY"),
            ("d3", "KEY"),
        ]
        assert [each["check"] for each in rows] == ["bundle", "bundle", "", "bundle"]
        assert str(rows[0]["at"]).startswith("20")
        output.unlink()
        assert offline(*command).exit_code == 1
    assert service.sent.total() == 2
    other = offline(*words(file, output, service))
    assert (other.exit_code, "columns: it has Owner" in other.stderr) == (2, True)


def records_in(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]


def test_a_kept_column_hides_none_of_the_results_own(offline: Run, tmp_path: Path, service: Service) -> None:
    """Nothing is sent, and the message names the column."""
    command = words(fleet(tmp_path / "fleet.csv", 1), tmp_path / "results.jsonl", service)
    done = offline(*command, "--keep", "owner,code")
    assert (done.exit_code, service.sent.total()) == (2, 0)
    assert "--keep code: results have their own column of that name" in done.stderr
