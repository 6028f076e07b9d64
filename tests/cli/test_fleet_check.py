"""`fleet check`, against a sandbox."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from licensespring_async import PRODUCTION_PUBLIC_KEY
from licensespring_async.cli import app
from licensespring_async.sandbox import DEMO_OUTCOMES, Sandbox

from .conftest import Run
from .processes import COMMAND
from .processes import environment as variables

HEADER = "product,hardware_id,license_key,username,feature\n"


@pytest.fixture
def good(sandbox: Sandbox) -> str:
    """A line of CSV that is licensed."""
    demo = sandbox.demo
    return f"{demo.product},{demo.hardware_id},{demo.license_key},,{demo.feature}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.csv"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return sorted((json.loads(line) for line in path.read_text().splitlines()), key=lambda line: int(line["row"]))


def table_of(done: Result) -> list[str]:
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_the_demo_fleet_has_every_outcome(offline: Run, output: Path) -> None:
    """The sandbox's 1,000 devices come to what the demo promises, on screen and in the file, and nothing is advised."""
    done = offline("fleet", "check", "--sandbox", "--output", str(output))
    assert done.exit_code == 0
    results = lines_of(output)
    assert [result["row"] for result in results] == list(range(1, 1001))
    assert Counter(result["code"].replace("ok", "licensed") for result in results) == DEMO_OUTCOMES
    assert "licensed ok 900 90.0%" in table_of(done)
    assert "not_licensed floating_not_available 25 2.5%" in table_of(done)
    closing = table_of(done)[-1]
    assert closing.startswith("1,000 rows checked in ")
    assert closing.endswith(f": 900 licensed, 100 not licensed, 0 errors. Results: {output}")
    assert "Without --output" not in done.stderr
    assert "Next:" not in done.stderr


def test_a_file_is_checked_against_a_server(run: Run, file: Path, good: str, output: Path) -> None:
    """Without --sandbox the rows go to the server that the environment names."""
    file.write_text(HEADER + good + "NOPE,d,k,,f\n")
    done = run("fleet", "check", "--yes", str(file), "--output", str(output))
    assert done.exit_code == 0
    assert [(line["row"], line["line"], line["outcome"], line["code"]) for line in lines_of(output)] == [
        (1, 2, "licensed", "ok"),
        (2, 3, "not_licensed", "unknown_product"),
    ]


def test_a_file_may_be_checked_against_the_sandbox(offline: Run, file: Path, good: str) -> None:
    """--sandbox with FILE checks the file."""
    file.write_text(HEADER + good)
    done = offline("fleet", "check", str(file), "--sandbox")
    assert done.exit_code == 0
    assert "licensed ok 1 100.0%" in table_of(done)


def test_rows_that_end_in_an_error_exit_with_1(run: Run, file: Path, good: str) -> None:
    """The table counts them, and an example says where and why."""
    file.write_text(HEADER + good + "\nAPP,,k,,f\n")
    done = run("fleet", "check", "--yes", str(file))
    assert done.exit_code == 1
    assert "error invalid_row 1 50.0%" in table_of(done)
    assert "invalid_row: first in row 2 (line 4): hardware_id is missing" in done.stdout


def test_refused_credentials_exit_with_4(run: Run, file: Path, good: str, output: Path) -> None:
    """The run ends at once; rows that were not checked are skipped in table and file."""
    file.write_text(HEADER + good * 5)
    words = ["fleet", "check", "--yes", str(file), "--output", str(output), "--concurrency", "1"]
    done = run(*words, LICENSESPRING_SHARED_KEY="wrong")
    assert done.exit_code == 4
    assert [line["outcome"] for line in lines_of(output)] == ["error", *["skipped"] * 4]
    assert "skipped aborted 4 80.0%" in table_of(done)
    assert "1 row checked" in table_of(done)[-1]
    assert "signature_mismatch" in done.stderr


def test_secrets_are_in_neither_table_nor_file(run: Run, file: Path, good: str, sandbox: Sandbox, output: Path) -> None:
    """Keys and devices appear as fingerprints."""
    file.write_text(HEADER + good)
    printed = run("fleet", "check", "--yes", str(file), "--output", str(output)).output + output.read_text()
    assert sandbox.demo.license_key not in printed
    assert sandbox.demo.hardware_id not in printed


def test_an_error_in_the_table_speaks_of_options(offline: Run, file: Path, good: str) -> None:
    """Also where a result's message, which is the library's, is shown as an example."""
    file.write_text(HEADER + good)
    stranger = file.with_name("stranger.pem")
    stranger.write_text(PRODUCTION_PUBLIC_KEY)
    done = offline("fleet", "check", "--yes", str(file), "--public-key", str(stranger))
    assert done.exit_code == 4
    assert "pass that server's --public-key" in done.stdout


def test_results_may_go_to_stdout(run: Run, file: Path, good: str) -> None:
    """With `--output -` stdout holds JSON lines only, and the table goes to stderr."""
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", "-")
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["licensed"]
    assert "1 row checked" in done.stderr


def test_an_output_that_holds_something_is_not_replaced(run: Run, file: Path, good: str, output: Path) -> None:
    """Yesterday's results survive a repeated command, which exits with 2 and names the way out."""
    file.write_text(HEADER + good)
    output.write_text("yesterday\n")
    done = run("fleet", "check", "--yes", str(file), "--output", str(output))
    assert done.exit_code == 2
    assert "--force" in done.stderr
    assert output.read_text() == "yesterday\n"


def test_force_replaces_the_output(run: Run, file: Path, good: str, output: Path) -> None:
    """--force says that yesterday's results may go."""
    file.write_text(HEADER + good)
    output.write_text("yesterday\n")
    assert run("fleet", "check", "--yes", str(file), "--output", str(output), "--force").exit_code == 0
    assert len(lines_of(output)) == 1


def test_an_empty_output_file_is_used(run: Run, file: Path, good: str, output: Path) -> None:
    """A file that was made beforehand, as mktemp does, holds nothing to lose."""
    file.write_text(HEADER + good)
    output.touch()
    assert run("fleet", "check", "--yes", str(file), "--output", str(output)).exit_code == 0
    assert len(lines_of(output)) == 1


def test_no_output_is_made_when_the_configuration_is_wrong(run: Run, file: Path, good: str, output: Path) -> None:
    """A command that cannot run leaves no file behind."""
    file.write_text(HEADER + good)
    run("fleet", "check", "--yes", str(file), "--output", str(output), LICENSESPRING_API_KEY=None)
    assert not output.exists()


def test_a_file_without_rows_is_checked(run: Run, file: Path) -> None:
    """Nothing to check is no error."""
    file.write_text(HEADER)
    done = run("fleet", "check", "--yes", str(file))
    assert done.exit_code == 0
    assert done.stdout.startswith("0 rows checked in ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "none.csv: cannot be read: No such file or directory"),
        ([], "no FILE: name a CSV, TSV, JSONL or Parquet file, - for the standard input, --sql QUERY, or --sandbox"),
        (["--concurrency", "0"], "Invalid value for '--concurrency'"),
        (["--concurrency", "1000000"], "Invalid value for '--concurrency'"),
        (["--sandbox", "--base-url", "https://example.org"], "--sandbox has its own address and key"),
        (
            ["fleet.csv", "--map", "hardware_id=serial", "--map", "hardware_id=mac"],
            "--map hardware_id=mac: hardware_id is mapped to serial already; leave one out",
        ),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, words: list[str], message: str) -> None:
    """One message says what to change."""
    done = run("fleet", "check", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.replace("│", "").split())


def test_a_file_without_columns_exits_with_2(run: Run, file: Path) -> None:
    """The message names what the first line lacks."""
    file.write_text("serial\n1\n")
    done = run("fleet", "check", "--yes", str(file))
    assert done.exit_code == 2
    assert "no column product, hardware_id, license_key or username" in done.stderr


def test_one_column_cannot_stand_for_two(run: Run, file: Path) -> None:
    """Neither mapping is dropped silently: the message names both."""
    file.write_text("product,serial,license_key\nAPP,d1,KEY\n")
    done = run("fleet", "check", "--yes", str(file), "--map", "hardware_id=serial", "--map", "username=Serial")
    assert done.exit_code == 2
    assert "--map: hardware_id and username are both mapped to Serial; leave one out" in done.stderr


def test_an_output_that_cannot_be_written_exits_with_2(run: Run, file: Path, good: str, tmp_path: Path) -> None:
    """The message names the file and what the system said."""
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", str(tmp_path / "none" / "results.jsonl"))
    assert done.exit_code == 2
    assert "results.jsonl: cannot be written: No such file or directory" in done.stderr


def test_a_full_disk_exits_with_2(run: Run, file: Path, good: str) -> None:
    """An output that fails under way ends the run with the system's word for it."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", "/dev/full")
    assert done.exit_code == 2
    told = "/dev/full: cannot be written: No space left on device; free some space, and run the same command again"
    assert told in done.stderr


def test_help_says_that_slots_are_taken(offline: Run) -> None:
    """The side effect is the first thing that the help tells."""
    assert "this TAKES SLOTS" in " ".join(offline("fleet", "check", "--help").stdout.split())


def test_the_input_is_never_the_output(run: Run, file: Path, good: str) -> None:
    """Writing over the file that is read is refused, --force or not, and the file is left as it was."""
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", str(file), "--force")
    assert done.exit_code == 2
    assert "is the input file" in done.stderr
    assert file.read_text() == HEADER + good


def test_the_summary_is_never_written_over_the_input(run: Run, tmp_path: Path, good: str) -> None:
    """A file that has the name of the output's summary is left as it was."""
    file = tmp_path / "results.jsonl.summary.json"
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--format", "csv", "--output", str(tmp_path / "results.jsonl"))
    assert done.exit_code == 2
    assert "would write its summary over the input file" in " ".join(done.stderr.split())
    assert file.read_text() == HEADER + good


@pytest.mark.parametrize("suffix", [".journal", ".journal-wal", ".journal-shm"])
def test_the_journal_is_never_written_over_the_input(run: Run, tmp_path: Path, good: str, suffix: str) -> None:
    """SQLite would take a file with such a name for its own."""
    file = tmp_path / f"results.jsonl{suffix}"
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", str(tmp_path / "results.jsonl"), "--force")
    assert done.exit_code == 2
    assert "would write its journal over the input file" in " ".join(done.stderr.split())
    assert file.read_text() == HEADER + good


def test_no_output_replaces_the_key_that_is_trusted(run: Run, file: Path, good: str, key_file: Path) -> None:
    """Nor does a download, which replaces any other file."""
    file.write_text(HEADER + good)
    for words in (
        ("fleet", "check", "--yes", str(file), "--force"),
        ("download", "--product", "LUMEN", "--hardware-id", "d", "--license-key", "k"),
    ):
        done = run(*words, "--output", str(key_file))
        assert done.exit_code == 2
        assert f"--output {key_file}: is the file of --public-key; name another file" in " ".join(done.stderr.split())


@pytest.mark.parametrize("suffix", ["", "-journal", "-wal"])
def test_no_output_replaces_the_database_that_is_read(run: Run, tmp_path: Path, suffix: str) -> None:
    """Of SQLite, whose file has other files beside it."""
    source = tmp_path / f"devices.db{suffix}"
    source.write_text("data")
    words = ("--sql", "SELECT 1 ORDER BY 1", "--database", f"sqlite:///{tmp_path / 'devices.db'}")
    done = run("fleet", "check", *words, "--output", str(source), "--force")
    assert done.exit_code == 2
    assert "is a file of the --database; name another file" in " ".join(done.stderr.split())


def test_the_file_behind_the_standard_input_is_not_replaced(file: Path) -> None:
    """A shell opened it, so its name is not on the command line."""
    if not Path("/dev/stdin").exists():
        pytest.skip("no /dev/stdin on this system")
    file.write_text(HEADER)
    with file.open() as stdin:
        words = ("fleet", "check", "-", "--sandbox", "--output", str(file), "--force")
        done = subprocess.run(
            [*COMMAND, *words], stdin=stdin, capture_output=True, text=True, check=False, env=variables()
        )
    assert (done.returncode, file.read_text()) == (2, HEADER)
    assert "is the input file; name another file" in done.stderr


def test_a_place_that_cannot_be_looked_at_is_told(run: Run, file: Path, good: str, tmp_path: Path) -> None:
    """A name that is too long, or in a folder that is closed to this user, is no reason for a traceback."""
    file.write_text(HEADER + good)
    long = str(tmp_path / f"{'x' * 300}.jsonl")
    results = tmp_path / "results.jsonl"
    results.write_text('{"row": 1, "outcome": "licensed", "code": "ok"}\n')
    sql = ("--sql", "SELECT 1 ORDER BY 1", "--database")
    for words, told in (
        (("check", long), f"{long}: cannot be read: File name too long"),
        (("check", str(file), "--output", long), f"--output {long}: cannot be written: File name too long"),
        (("retry", str(file), "--output", long), f"--output {long}: cannot be written: File name too long"),
        (("check", *sql, f"sqlite:///{long}"), f"sqlite:///{long}: cannot be read: File name too long"),
    ):
        done = run("fleet", *words, "--yes")
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    reported = CliRunner().invoke(app, ["fleet", "report", str(results), "--output", long])
    assert (reported.exit_code, "cannot be written: File name too long" in reported.stderr) == (2, True)


def test_a_directory_is_no_output(run: Run, file: Path, good: str, tmp_path: Path) -> None:
    """A directory as --output is named as what it is."""
    file.write_text(HEADER + good)
    done = run("fleet", "check", "--yes", str(file), "--output", str(tmp_path))
    assert done.exit_code == 2
    assert "is a directory" in done.stderr


def test_the_demo_says_what_comes_next(offline: Run) -> None:
    """The first command ends with the next one, and says at its start what will remain."""
    done = offline("fleet", "check", "--sandbox")
    first, *_, last = done.stderr.splitlines()[1:]
    assert first == "Without --output, only the counts are kept."
    assert last.startswith("Next: keep the results with --output results.jsonl")
