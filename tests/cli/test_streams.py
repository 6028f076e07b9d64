"""Standard streams that are closed, full, or cannot hold a character; and a terminal that is asked."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from .processes import COMMAND, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams are closed as in a POSIX shell")

FLEET = "product,hardware_id,license_key,feature\nNOPE,d1,k1,\nNOPE,d2,k2,\n"
ASKING = ("check", "--product", "APP", "--hardware-id", "d", "--license-key", "-")
CREDENTIALS = {"LICENSESPRING_API_KEY": "a", "LICENSESPRING_SHARED_KEY": "s"}
NOWHERE = ["--base-url", "http://127.0.0.1:1", "--no-verify-signatures"]
IDS = ["--product", "P", "--hardware-id", "d", "--license-key", "k"]
CHECK = f"check-bundle {' '.join([*IDS, *NOWHERE])}"
PROGRESS = "fleet check fleet.csv --sandbox --progress json --output results.jsonl"
RESULTS = "fleet check fleet.csv --sandbox --output -"
COMMANDS = {
    "--version": 0,
    "fleet check --help": 0,
    CHECK: 1,
    f"{CHECK} --json": 1,
    PROGRESS: 0,
    RESULTS: 0,
    f"fleet check fleet.csv {' '.join(NOWHERE)}": 2,
    "fleet check - --sandbox": 2,
    "sandbox --print-world": 0,
    "sandbox --plan gold": 2,
}
"""Commands, with how each exits when its streams are as usual and the standard input is empty."""


@attrs.frozen
class Done:
    command: str
    code: int
    stdout: str
    stderr: str


def redirected(directory: Path, redirection: str, *commands: str, before: str = "", **variables: str) -> list[Done]:
    """Run commands in a shell, each in a place of its own, with its streams redirected behind what catches them."""

    def run(number: int) -> Done:
        place = directory / str(number)
        place.mkdir()
        (place / "fleet.csv").write_text(FLEET)
        done = subprocess.run(
            ["/bin/sh", "-c", f"{before} {' '.join(COMMAND)} {commands[number]} {redirection}"],
            cwd=place,
            env=environment() | CREDENTIALS | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=120,
            check=False,
        )
        return Done(commands[number], done.returncode, done.stdout, done.stderr)

    with ThreadPoolExecutor(4) as side_by_side:
        return list(side_by_side.map(run, range(len(commands))))


@pytest.mark.parametrize(
    ("redirection", "commands"),
    [
        ("<&- 2>&-", [CHECK, RESULTS, f"fleet check fleet.csv {' '.join(NOWHERE)}", "fleet check - --sandbox"]),
        ("2>/dev/full", [CHECK, RESULTS, PROGRESS, "sandbox --plan gold"]),
    ],
)
def test_a_stream_that_cannot_be_used_changes_no_exit_code(
    tmp_path: Path, redirection: str, commands: list[str]
) -> None:
    """What cannot be said is not said; what a command does, and how it exits, is as ever."""
    for done in redirected(tmp_path, redirection, *commands):
        assert (done.code, "Traceback" in done.stdout + done.stderr) == (COMMANDS[done.command], False), done


def test_an_output_that_is_closed_is_refused_by_what_would_lose_results(tmp_path: Path) -> None:
    """Nothing is sent where results would be lost; what any other command does, and how it exits, is as ever."""
    for done in redirected(tmp_path, ">&-", "fleet check --help", f"{CHECK} --json", PROGRESS, RESULTS):
        assert "Traceback" not in done.stdout + done.stderr, done
        if done.command == RESULTS:
            assert done.code == 2, done
            assert done.stderr.endswith("Error: --output -: the standard output is closed; name a file\n")
        else:
            assert done.code == COMMANDS[done.command], done


def test_an_output_that_is_full_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A command that cannot print what it was asked for exits with 2 and says so."""
    printing = "--version", "sandbox --print-world", f"{CHECK} --json", PROGRESS, RESULTS
    for done in redirected(tmp_path, ">/dev/full", *printing):
        assert done.code == 2, done
        last = done.stderr.splitlines()[-1]
        if done.command == PROGRESS:
            last = json.loads(last)["text"]
        assert "cannot be written: No space left on device" in last, done
        assert "Traceback" not in done.stderr, done


def test_a_name_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    """A table, a sentence, an error or help with such a name is printed all the same."""
    name = "gr\u00f6\u00dfe-\u5c3a\u5bf8.jsonl"
    commands = (
        f"fleet check fleet.csv --sandbox --output {name}",
        f"fleet report {name}",
        f"check-bundle {' '.join(IDS)} --public-key {name} --base-url http://127.0.0.1:1",
        f"fleet check fleet.csv --sandbox --map {name}",
    )
    # The strictest that there is: the name's first letters are in it, the others are not.
    done = redirected(tmp_path, "", *commands, PYTHONIOENCODING="latin-1:strict", PYTHONUTF8="0")
    assert [each.code for each in done] == [0, 2, 2, 2], done
    assert "\\u5c3a\\u5bf8.jsonl" in done[0].stdout
    assert all("\\u5c3a\\u5bf8.jsonl" in each.stderr for each in done[1:]), done
    assert all("Traceback" not in each.stderr for each in done), done


def test_a_width_of_nothing_hides_nothing(tmp_path: Path) -> None:
    """Some containers set COLUMNS to 0: results and errors are printed all the same."""
    table, error = redirected(tmp_path, "", "fleet check fleet.csv --sandbox", "fleet check none.csv", COLUMNS="0")
    assert "Outcome" in table.stdout
    assert error.stderr == "Error: none.csv: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_a_secret_that_is_no_text_is_told_as_such(tmp_path: Path, encoding: str) -> None:
    """A key from a file in another encoding is refused by its option, and no byte of it is shown."""
    (tmp_path / "key").write_bytes(b"gr\xf6\xdfe\n")
    [done] = redirected(tmp_path, "<../key", " ".join(ASKING), PYTHONIOENCODING=encoding)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: --license-key: is not UTF-8 text, or the locale of this shell (LANG, LC_ALL)")


@pytest.mark.parametrize("rest", ["--dry-run", "--sandbox --output results.csv"])
def test_too_little_temporary_space_is_told_in_a_sentence(tmp_path: Path, rest: str) -> None:
    """The rows of a fleet are counted on disk; where there is no room, the message says what to do."""
    rows = "".join(f"APP,device-{number},KEY-{number},\n" for number in range(30_000))
    (tmp_path / "big.csv").write_text("product,hardware_id,license_key,feature\n" + rows)
    [done] = redirected(tmp_path, "", f"fleet check ../big.csv {rest}", before="ulimit -f 1024;")
    assert done.code == 2, done
    assert done.stderr.startswith("Error: temporary files cannot be written or read (")
    assert done.stderr.endswith("TMPDIR\n")


@contextmanager
def at_a_terminal(*words: str) -> Generator[tuple[subprocess.Popen[bytes], Callable[[str], str], int]]:
    """A command at a terminal, a function that reads its screen up to a text, and where to type."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment() | CREDENTIALS,
        start_new_session=True,
        # A secret is asked for at the terminal of the session.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    os.close(theirs)
    screen = b""

    def read_to(text: str) -> str:
        nonlocal screen
        while text.encode() not in screen and (more := os.read(ours, 4096)):
            screen += more
        return screen.decode()

    try:
        yield process, read_to, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("answer", [b"\n", b"what?\nn\n", b"\x04"])
def test_a_no_is_heard(tmp_path: Path, answer: bytes) -> None:
    """Nothing is sent, the command says so, and exits with 2; the end of the input is a no."""
    (tmp_path / "fleet.csv").write_text(FLEET)
    with at_a_terminal("fleet", "check", str(tmp_path / "fleet.csv"), *NOWHERE) as (process, read_to, keys):
        read_to("Continue? [y/N]: ")
        os.write(keys, answer)
        read_to("Nothing was checked.")
        assert process.wait(60) == 2


def test_a_yes_goes_on(tmp_path: Path) -> None:
    """The rows are sent, here to a server that is not there."""
    (tmp_path / "fleet.csv").write_text(FLEET)
    with at_a_terminal("fleet", "check", str(tmp_path / "fleet.csv"), *NOWHERE, "--retries", "0") as (
        process,
        read_to,
        keys,
    ):
        read_to("Continue? [y/N]: ")
        os.write(keys, b"y\n")
        read_to("connection_failed")
        assert process.wait(60) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_at_the_question_exits_with_130(tmp_path: Path, number: signal.Signals) -> None:
    """An interruption is one wherever it comes."""
    (tmp_path / "fleet.csv").write_text(FLEET)
    with at_a_terminal("fleet", "check", str(tmp_path / "fleet.csv"), *NOWHERE) as (process, read_to, _):
        read_to("Continue? [y/N]: ")
        process.send_signal(number)
        assert process.wait(60) == 130


def test_the_end_of_the_input_is_no_secret() -> None:
    """Ctrl-D where a key is asked for is told as an empty key, by the name of its option."""
    with at_a_terminal(*ASKING) as (process, read_to, keys):
        read_to("License key: ")
        os.write(keys, b"\x04")
        screen = read_to("--license-key: is empty")
        assert "Aborted" not in screen
        assert process.wait(60) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_at_a_secret_leaves_a_clean_line(number: signal.Signals) -> None:
    """What the shell prints next does not stand behind the question."""
    with at_a_terminal(*ASKING) as (process, read_to, _):
        read_to("License key: ")
        process.send_signal(number)
        assert read_to("\n").endswith("License key: \r\n")
        assert process.wait(60) == 130


def test_a_typed_secret_that_is_no_text_is_told_as_such() -> None:
    """A terminal in another encoding than the locale's sends bytes that cannot be read."""
    with at_a_terminal(*ASKING) as (process, read_to, keys):
        read_to("License key: ")
        os.write(keys, b"gr\xf6\xdfe\n")
        read_to("--license-key: is not UTF-8 text")
        assert process.wait(60) == 2
