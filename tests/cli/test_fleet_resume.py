"""Runs that end early, and go on."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.cli.fleet.output import open_output
from licensespring_async.fleet import Journal, Outcome, Result

from .conftest import Run
from .processes import COMMAND, environment
from .test_fleet_check import HEADER, lines_of

ROWS = 1_200
CONCURRENCY = 16


class Service(ThreadingHTTPServer):
    """A server that counts requests by device, and refuses each with the code laid down for it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sent: Counter[str] = Counter()
        self.codes: dict[str, tuple[int, str]] = {}
        self.begun: Callable[[], object] = bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        assert isinstance(self.server, Service)
        device = parse_qs(urlsplit(self.path).query)["hardware_id"][0]
        self.server.sent[device] += 1
        self.server.begun()
        status, code = self.server.codes.get(device, (400, "license_not_found"))
        body = json.dumps({"status": status, "code": code, "message": "no"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Generator[Service]:
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


@pytest.fixture
def service() -> Generator[Service]:
    with serving() as running:
        yield running


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def fleet(path: Path, count: int) -> Path:
    path.write_text(HEADER + "".join(f"APP,d{n},KEY,,\n" for n in range(1, count + 1)))
    return path


def words(file: Path, output: Path, service: Service, command: str = "check") -> list[str]:
    return [
        *("fleet", command, str(file), "--output", str(output), "--base-url", service.url, "--no-verify-signatures"),
        *("--unlimited", "--concurrency", str(CONCURRENCY), "--yes"),
    ]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_run_goes_on(tmp_path: Path, output: Path, service: Service) -> None:
    """Killed at random moments, the output has every row once, and only what was in flight was sent again."""
    dice = random.Random(11)
    file = fleet(tmp_path / "fleet.csv", ROWS)
    environment = os.environ | {"LICENSESPRING_API_KEY": "a", "LICENSESPRING_SHARED_KEY": "s"}
    command = [*COMMAND, *words(file, output, service)]
    kills = 0
    for _ in range(5):
        goal, until = service.sent.total() + dice.randrange(20, 200), time.monotonic() + 30
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            while service.sent.total() < goal and process.poll() is None and time.monotonic() < until:
                time.sleep(0.001)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, kills) == (0, 5), done.stderr
    assert "Resuming: " in done.stderr
    assert [line["row"] for line in lines_of(output)] == list(range(1, ROWS + 1))
    assert len(service.sent) == ROWS
    assert service.sent.total() - ROWS <= kills * CONCURRENCY


def test_a_finished_run_sends_nothing(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """The same command once more prints what is known."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    assert offline(*command).exit_code == 0
    before = output.read_text()
    done = offline(*command)
    assert (done.exit_code, service.sent.total(), sorted(output.read_text())) == (0, 3, sorted(before))
    assert "0 rows checked in" in done.stdout
    assert ", 3 by an earlier run: 0 licensed, 3 not licensed" in done.stdout.replace("\n", " ")


def test_a_torn_last_line_is_repaired(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """The output is written anew from the journal, whatever a sudden end left in it."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    output.write_text(output.read_text()[:-20])
    offline(*command)
    assert [line["row"] for line in lines_of(output)] == [1, 2, 3]


def test_the_journal_of_other_rows_is_refused(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """The message says what differs, and the output stays."""
    offline(*words(fleet(tmp_path / "fleet.csv", 3), output, service))
    before = output.read_text()
    done = offline(*words(fleet(tmp_path / "fleet.csv", 4), output, service))
    assert done.exit_code == 2
    assert "belongs to another run (rows: it has 3, this run 4; content: it has" in done.stderr
    assert "give the same rows and options, name another --output, or start over with --force" in done.stderr
    assert output.read_text() == before


def test_a_kept_column_is_part_of_the_rows(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Results never mix the values that a kept column had before and after a change of the file."""
    file = tmp_path / "fleet.csv"
    command = [*words(file, output, service), "--keep", "owner"]
    file.write_text("product,hardware_id,license_key,owner\nAPP,d1,K,ann\n")
    assert offline(*command).exit_code == 0
    file.write_text("product,hardware_id,license_key,owner\nAPP,d1,K,bob\n")
    done = offline(*command)
    assert (done.exit_code, "belongs to another run (content: it has" in done.stderr) == (2, True)


def test_the_journal_of_other_options_is_refused(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Options that change what results mean are compared."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    done = offline(*command, "--release")
    assert done.exit_code == 2
    assert "(slots: it has kept, this run released)" in done.stderr


def test_rows_that_change_during_a_run_do_not_change_it(
    offline: Run, tmp_path: Path, output: Path, service: Service
) -> None:
    """The rows that were counted are checked, even if their file is cut off or edited meanwhile."""
    file, long = tmp_path / "fleet.csv", "K" * 1000  # longer than what is read ahead
    lines = [HEADER, *(f"APP,d{number},{long},,\n" for number in range(100))]
    for changed in (lines[:50], [*lines[:-1], f"APP,d0,{long},,\n"]):
        file.write_text("".join(lines))
        service.begun = partial(file.write_text, "".join(changed))
        assert offline(*words(file, output, service), "--force").exit_code == 0
        assert [line["row"] for line in lines_of(output)] == [*range(1, 101)]


def test_an_output_that_is_deleted_during_a_run_fails_it(
    offline: Run, tmp_path: Path, output: Path, service: Service
) -> None:
    """The results are not said to be in a file that is gone; the same command writes them from the journal."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    service.begun = partial(output.unlink, missing_ok=True)
    done = offline(*command)
    assert (done.exit_code, "was deleted or replaced during the run" in done.stderr) == (2, True)
    assert offline(*command).exit_code == 0
    assert ([line["row"] for line in lines_of(output)], service.sent.total()) == ([1, 2, 3], 3)


def test_a_journal_in_use_is_refused(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Two runs never share a journal, not even with --force."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    with Journal(Path(f"{output}.journal"), None):
        for more in ([], ["--force"]):
            done = offline(*command, *more)
            assert (done.exit_code, "is in use by another run" in done.stderr) == (2, True)


def test_retry_checks_only_errors(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Rows with an answer are not sent again; the output has every row once. A check with errors says how to retry."""
    file = fleet(tmp_path / "fleet.csv", 3)
    service.codes["d2"] = (418, "teapot")
    for _ in range(2):  # the second run only tells of the first
        checked = offline(*words(file, output, service))
        assert (checked.exit_code, "fleet retry" in checked.stderr) == (1, True)
    service.codes.clear()
    done = offline(*words(file, output, service, "retry"))
    assert (done.exit_code, "fleet retry" in done.stderr) == (0, False), done.output
    assert [line["code"] for line in lines_of(output)] == ["license_not_found"] * 3
    assert service.sent == {"d1": 1, "d2": 2, "d3": 1}


def test_retry_checks_rows_without_a_result(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """After a run that ended early it checks the rest too: with 0 it must not leave rows unchecked."""
    service.codes = {f"d{n}": (418, "teapot") for n in range(1, 150)}
    command = words(fleet(tmp_path / "fleet.csv", 300), output, service)
    assert offline(*command, "--max-errors", "2").exit_code == 3
    service.codes.clear()
    done = offline(*words(tmp_path / "fleet.csv", output, service, "retry"))
    assert done.exit_code == 0, done.output
    assert [line["code"] for line in lines_of(output)] == ["license_not_found"] * 300


def test_retry_needs_a_journal(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Without an earlier check there is nothing to retry."""
    done = offline(*words(fleet(tmp_path / "fleet.csv", 3), output, service, "retry"))
    assert (done.exit_code, "there is no journal" in done.stderr) == (2, True)


def test_duplicates_are_checked_once(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Each row has its result, and the device one request."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\nAPP,d2,KEY,,\nAPP,d1,KEY,,\n")
    offline(*words(file, output, service))
    assert [(line["row"], line["line"], line["attempts"]) for line in lines_of(output)] == [
        (1, 2, 1),
        (2, 3, 1),
        (3, 4, 0),
    ]
    assert service.sent == {"d1": 1, "d2": 1}


@pytest.mark.parametrize("rule", [["--max-errors", "2"], ["--max-error-rate", "0.01"]])
def test_too_many_errors_exit_with_3(
    offline: Run, tmp_path: Path, output: Path, service: Service, rule: list[str]
) -> None:
    """What is left is skipped, and checked when the run goes on."""
    service.codes = {f"d{n}": (418, "teapot") for n in range(1, 150)}
    command = words(fleet(tmp_path / "fleet.csv", 300), output, service)
    done = offline(*command, *rule)
    assert done.exit_code == 3
    assert f"are more than {rule[0]}" in done.stderr
    assert len(lines_of(output)) == 300
    assert service.sent.total() < 300
    offline(*command)
    assert {line["outcome"] for line in lines_of(output)} == {"error", "not_licensed"}
    assert service.sent.total() == 300


def test_fail_on_not_licensed_exits_with_5(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """A no is a failure when it is asked to be."""
    done = offline(*words(fleet(tmp_path / "fleet.csv", 1), output, service), "--fail-on", "not_licensed")
    assert done.exit_code == 5


def test_a_run_that_goes_on_names_keys_as_before(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Another process salts fingerprints as the first one did, and another run does not, unless it is given a salt."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\nAPP,d2,KEY,,\n")

    def named(command: str, *more: str) -> set[str]:
        options = ["--output", str(output), "--base-url", service.url, "--no-verify-signatures", "--retries", "0"]
        done = subprocess.run(
            [*COMMAND, "fleet", command, str(file), *options, "--yes", *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ
            | {"LICENSESPRING_API_KEY": "a", "LICENSESPRING_SHARED_KEY": "s", "LICENSESPRING_FINGERPRINT_SALT": ""},
        )
        assert done.returncode in (0, 1), done.stderr
        return {line["key"] for line in lines_of(output)}

    service.codes = {"d2": (404, "a_code_of_tomorrow")}
    first = named("check")
    service.codes = {}
    assert named("retry") == first
    assert service.sent["d2"] == 2
    assert len(first) == 1
    assert named("check", "--force") != first
    command = [*words(file, output, service), "--force"]
    assert offline(*command, LICENSESPRING_FINGERPRINT_SALT="ours").exit_code == 0
    by_the_environment = {line["key"] for line in lines_of(output)}
    assert named("check", "--force", "--salt", "ours") == by_the_environment


def test_a_run_does_not_go_on_with_another_salt(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """Refuses a salt that would name the keys of one run by two names."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\n")
    _, _, _, *options = words(file, output, service)
    command = ["fleet", "check", str(file), *options, "--salt"]
    assert offline(*command, "ours").exit_code == 0
    assert offline(*command, "ours").exit_code == 0
    refused = offline(*command, "theirs")
    assert refused.exit_code == 2
    assert "--salt: the fingerprints in" in refused.stderr


def test_a_dry_run_counts_the_kinds_of_checks(offline: Run, tmp_path: Path) -> None:
    """A misspelled column `feature` is ignored, and shows as rows that would be checked as bundles."""
    file = tmp_path / "fleet.csv"
    command = ("fleet", "check", str(file), "--dry-run")
    file.write_text(f"{HEADER.strip()},check\nAPP,d1,KEY,,r,\nAPP,d2,KEY,,r,\nAPP,d1,KEY,,,license\n")
    assert "3 to check (2 feature checks, 1 license check), " in offline(*command).stdout
    file.write_text(HEADER.replace("feature", "featrue") + "APP,d1,KEY,,r\n")
    done = offline(*command)
    assert "1 to check (1 bundle check), " in done.stdout
    warning = f"Warning: {file}: its column featrue is ignored; if that is feature, --map feature=featrue renames it"
    assert done.stderr == f"{warning}\n"


def test_a_dry_run_sends_nothing(offline: Run, tmp_path: Path, service: Service) -> None:
    """It needs no credentials, counts, says how long it would take, and exits with 1 for rows that are invalid."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "APP,d1,KEY,,\nAPP,d1,KEY,,\nAPP,,KEY,,\n")
    done = offline("fleet", "check", str(file), "--dry-run", LICENSESPRING_API_KEY=None)
    assert (done.exit_code, service.sent.total()) == (1, 0)
    assert " ".join(done.stdout.split()) == (
        "3 rows: 1 to check (1 bundle check), 1 duplicate, 1 invalid; 1 distinct (product, feature); "
        "1 may take a floating slot; less than a second at 200 in 10 s, 50 in 1 s "
        "invalid, first in row 3 (line 4): hardware_id is missing"
    )
    file.write_text(HEADER + "APP,d1,KEY,,\n")
    assert offline("fleet", "check", str(file), "--dry-run").exit_code == 0
    refused = offline("fleet", "check", str(file), "--dry-run", "--timeout", "-1")
    assert (refused.exit_code, refused.stderr) == (2, "Error: --timeout: must be a positive number of seconds\n")


def test_rows_come_from_a_database(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """A query is checked and goes on like a file; the journal and the output hold nothing of its URL."""
    db = sqlite3.connect(tmp_path / "devices.db")
    db.execute("CREATE TABLE device (serial)")
    db.executemany("INSERT INTO device VALUES (?)", [("d1",), ("d2",)])
    db.commit()
    db.close()
    query = "SELECT 'APP' AS product, serial, 'KEY' AS license_key FROM device ORDER BY serial"
    _, _, _, *options = words(Path("-"), output, service)
    command = ["fleet", "check", "--sql", query, "--map", "hardware_id=serial", *options]
    url = f"sqlite:///{tmp_path}/devices.db?timeout=17"
    for _ in range(2):
        assert offline(*command, LICENSESPRING_DATABASE=url).exit_code == 0
    assert service.sent == {"d1": 1, "d2": 1}
    assert [line["row"] for line in lines_of(output)] == [1, 2]
    assert all(b"timeout=17" not in each.read_bytes() for each in tmp_path.glob("results*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sql", "SELECT 1"], "--sql: needs --database URL"),
        (["--sql", "SELECT 1", "--database", "sqlite://", "file.csv"], "leave FILE and --format out"),
        (["-", "--format", "parquet", "--yes"], "cannot be read from a stream; name a file"),
        (["-", "--format", "excel"], "'excel' is not one of 'csv', 'tsv', 'jsonl', 'parquet'"),
    ],
)
def test_a_source_that_cannot_be_exits_with_2(offline: Run, words: list[str], message: str, service: Service) -> None:
    """One message says what to change."""
    done = offline("fleet", "check", *words, "--base-url", service.url, "--no-verify-signatures")
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", "").split())


@pytest.mark.parametrize(
    ("lines", "notice"),
    [
        ("APP,d1,KEY,,render\n", "This may take floating slots on 1 device until they time out. Pass --yes to agree"),
        (
            "APP,d1,KEY,,a\nAPP,d1,KEY,,\nAPP,d2,KEY,,\n",
            "This may take floating slots on 3 devices until they time out.",
        ),
    ],
)
def test_slots_are_not_taken_unasked(  # noqa: PLR0917  # fixtures
    offline: Run, tmp_path: Path, output: Path, service: Service, lines: str, notice: str
) -> None:
    """Without a terminal a check needs --yes, of a feature or of a bundle, whose licenses may float too."""
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + lines)
    *command, yes = words(file, output, service)
    done = offline(*command)
    assert (done.exit_code, service.sent.total(), output.exists()) == (2, 0, False)
    assert f"{notice}" in " ".join(done.stderr.split())
    assert offline(*command, yes).exit_code == 0


def test_release_keeps_what_bundle_checks_take(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """What a bundle check takes stays taken, and the notice says so."""
    done = offline(*words(fleet(tmp_path / "fleet.csv", 1), output, service), "--release")
    assert "1 device until they time out: --release does not release slots of bundle checks" in " ".join(
        done.stderr.split()
    )


def test_a_journal_keeps_the_first_answer(tmp_path: Path) -> None:
    """A final result is never replaced; an error is."""
    path = tmp_path / "journal"
    with Journal(path, {}) as journal:
        journal.add([Result(row=1, outcome=Outcome.ERROR), Result(row=2, outcome=Outcome.LICENSED)])
        journal.commit()
        journal.add([Result(row=1, outcome=Outcome.LICENSED), Result(row=2, outcome=Outcome.ERROR)])
        journal.commit()
        assert [each.outcome for each in journal.results()] == [Outcome.LICENSED, Outcome.LICENSED]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE result SET record = '{'",
        "UPDATE result SET record = '5'",
        "UPDATE result SET record = replace(record, 'not_licensed', 'revoked')",
        "UPDATE result SET record = printf('%.100000c', '[')",
        """UPDATE result SET record = replace(record, '"row":2', '"row":3') WHERE row = 2""",
        "UPDATE result SET outcome = 'licensed' WHERE row = 2",
        "INSERT INTO result VALUES (-5, 'error', '{}')",
        "INSERT INTO result VALUES (1152921504606846976, 'error', '{}')",
    ],
    ids=["no JSON", "no object", "unknown outcome", "too deep", "another row", "another outcome", "negative", "huge"],
)
def test_a_damaged_journal_is_refused(
    offline: Run, tmp_path: Path, output: Path, service: Service, change: str
) -> None:
    """A result that cannot be read is an error of the journal, which names the row; nothing is sent again."""
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    with closing(sqlite3.connect(f"{output}.journal")) as db:
        db.execute(change)
        db.commit()
    done = offline(*command)
    assert (done.exit_code, service.sent.total()) == (2, 3)
    assert re.search(r"journal: row -?[0-9,]+ cannot be read \(.*\)", " ".join(done.stderr.split()))


def test_what_a_killed_run_left_is_removed(offline: Run, tmp_path: Path, output: Path, service: Service) -> None:
    """The partial file of a run that was killed has nothing that the journal lacks; another file's stays."""
    left, other = (tmp_path / f".{name}.0123456789abcdef.partial" for name in (output.name, "other.jsonl"))
    command = words(fleet(tmp_path / "fleet.csv", 1), output, service)
    offline(*command)
    left.touch()
    other.touch()
    offline(*command)
    assert (left.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("command", ["check", "retry"])
def test_a_damaged_journal_costs_no_output(
    offline: Run, tmp_path: Path, service: Service, suffix: str, command: str
) -> None:
    """The results of the earlier run are replaced only when all of them were read from the journal."""
    file, output = fleet(tmp_path / "fleet.csv", 3), tmp_path / f"results.{suffix}"
    offline(*words(file, output, service))
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if "journal" not in each.name}
    with closing(sqlite3.connect(f"{output}.journal")) as db:
        db.execute("UPDATE result SET record = '{' WHERE row = 3")
        db.commit()
    assert offline(*words(file, output, service, command)).exit_code == 2
    assert {each: each.read_bytes() for each in tmp_path.iterdir() if "journal" not in each.name} == before


def test_a_torn_journal_is_told_as_damaged(tmp_path: Path) -> None:
    """A journal of which the disk has kept only a part is one still; the message says what to do with it."""
    path = tmp_path / "journal"
    with Journal(path, {}) as journal:
        journal.add([Result(row=number, outcome=Outcome.LICENSED) for number in range(1, 200)])
        journal.commit()
    path.write_bytes(path.read_bytes()[:-8192])
    with pytest.raises(ConfigurationError, match=r"is damaged \(.*malformed\); delete it to start over"):
        Journal(path, {})


def test_a_journal_needs_no_shared_memory(tmp_path: Path) -> None:
    """On a disk that is full, there would be no room for it: what a run has left there could not even be read."""
    path = tmp_path / "journal"
    for _ in range(2):
        with Journal(path, {}) as journal:
            journal.add([Result(row=1, outcome=Outcome.LICENSED)])
            journal.commit()
            assert [each.name for each in sorted(tmp_path.iterdir())] == ["journal", "journal-wal"]


def test_a_journal_that_has_no_room_says_what_to_do(tmp_path: Path, output: Path, service: Service) -> None:
    """The same command resumes, once there is room."""
    file = fleet(tmp_path / "fleet.csv", 300)
    command = [*COMMAND, *words(file, output, service)]
    credentials = environment() | {"LICENSESPRING_API_KEY": "a", "LICENSESPRING_SHARED_KEY": "s"}
    limited = ["bash", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "bash", *command]
    done = subprocess.run(limited, capture_output=True, text=True, check=False, env=credentials)
    assert done.returncode == 2, done
    assert f"{output}.journal: cannot be written or read (disk I/O error): the disk may be full" in done.stderr
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=credentials)
    assert (done.returncode, len(lines_of(output))) == (0, 300)


def test_another_file_is_no_journal(tmp_path: Path) -> None:
    """A file that something else made is left alone."""
    path = tmp_path / "journal"
    path.write_text("something else, and long enough to be looked at " * 20)
    with pytest.raises(ValueError, match="is not the journal"):
        Journal(path, {})


def test_csv_is_safe_to_open(tmp_path: Path) -> None:
    """A message that a spreadsheet would run as a formula is text; numbers and gaps stay what they are."""
    path = tmp_path / "results.csv"
    with open_output(str(path), force=False) as write:
        for number, start in enumerate("=+-@\t\r", 1):
            write([Result(row=number, outcome=Outcome.ERROR, code="x", message=f"{start}1,2")])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["message"] for each in rows] == [f"'{start}1,2" for start in "=+-@\t\r"]
    assert (rows[0]["row"], rows[0]["http_status"], rows[0]["outcome"]) == ("1", "", "error")


def test_a_csv_output_goes_on(offline: Run, tmp_path: Path, service: Service) -> None:
    """Resumed, it has one header and every row once."""
    output = tmp_path / "results.csv"
    command = words(fleet(tmp_path / "fleet.csv", 3), output, service)
    offline(*command)
    offline(*command)
    with output.open(newline="") as file:
        assert [each["row"] for each in csv.DictReader(file)] == ["1", "2", "3"]
