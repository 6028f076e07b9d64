"""`download`, against a sandbox and as a process."""

from __future__ import annotations

import io
import itertools
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from licensespring_async.cli.endpoints.download import size_of, telling
from licensespring_async.sandbox import InstallationFile, Product, Sandbox, World

from .conftest import Run
from .processes import COMMAND, environment

_NUMBERS = itertools.count(1)
KEY = "88AF-0C1E-6D72-B935"
DEVICE = "device-7704"
CONTENT = "CAD 8.4.0 for those who draw"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


@pytest.fixture
def product(world: World) -> Product:
    """A product with one file, and a license of it that is active on the device."""
    product = world.add_product(f"LOAD{next(_NUMBERS)}")
    product.add_license(key=KEY).activate(DEVICE)
    product.installation_files.append(InstallationFile(version="8.4.0", content=CONTENT))
    return product


@pytest.fixture
def words(product: Product) -> list[str]:
    return ["download", "--product", product.short_code, "--hardware-id", DEVICE, "--license-key", KEY]


def test_a_file_is_fetched_and_checked(run: Run, words: list[str], tmp_path: Path) -> None:
    """It gets the name that `--output` says, in the place of what had it, and nothing else is left."""
    path = tmp_path / "cad.bin"
    path.write_text("an older one")
    done = run(*words, "--output", str(path))
    assert (done.exit_code, done.stderr) == (0, "")
    assert path.read_text() == CONTENT
    assert " ".join(done.stdout.split()).endswith(f"{len(CONTENT)} bytes, MD5 verified")
    assert [each.name for each in tmp_path.iterdir() if "cad" in each.name] == ["cad.bin"]


def test_a_download_needs_a_file(run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--output -` is refused before anything is sent: bytes that may yet prove wrong must not be passed on."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    done = run(*words, "--output", "-")
    assert (done.exit_code, done.stdout, list(folder.iterdir())) == (2, "", [])
    assert "--output -: a download is resumed from its file" in done.stderr


def test_the_services_name_replaces_nothing(
    run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--output` the file gets the service's name in this directory, once; a second time it says what to do."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert run(*words).exit_code == 0
    (path,) = folder.iterdir()
    assert path.read_text() == CONTENT
    path.write_text("changed")
    refused = run(*words)
    assert (refused.exit_code, path.read_text()) == (2, "changed")
    assert f"Error: {path.name}: exists already; replace it with --output {path.name}" in refused.stderr


def test_a_folder_that_is_not_there_is_wrong_usage(run: Run, words: list[str], tmp_path: Path) -> None:
    """The option and the reason are named."""
    done = run(*words, "--output", str(tmp_path / "none" / "cad.bin"))
    assert done.exit_code == 2
    assert "cannot be written: No such file or directory" in " ".join(done.stderr.split())


def test_a_version_that_is_not_there_is_told(run: Run, words: list[str], tmp_path: Path) -> None:
    """The service's error has its code, and no file is made."""
    path = tmp_path / "cad.bin"
    done = run(*words, "--version", "9", "--output", str(path))
    assert done.exit_code != 0
    assert "version_not_found" in done.stderr
    assert not path.exists()


def test_a_file_without_an_md5_is_not_fetched(run: Run, words: list[str], product: Product, tmp_path: Path) -> None:
    """What could not be checked is refused with what is missing."""
    product.installation_files[:] = [
        InstallationFile(version="8.5.0", installation_file="https://files.example.org/cad", hash_md5="")
    ]
    done = run(*words, "--output", str(tmp_path / "cad.bin"))
    assert (done.exit_code, "gives no MD5" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "the service has no file for this version"),
        ("https://files.example.org/.bashrc", "gave the file no usable name"),
        ("https://files.example.org/", "choose one with --output FILE"),
        ("https://files.example.org/a%0Ab", "gave the file no usable name"),
    ],
)
def test_a_name_that_a_service_must_not_choose_is_refused(
    address: str, message: str, run: Run, words: list[str], product: Product
) -> None:
    """A file without an address, or with a hidden or empty name, is not fetched."""
    product.installation_files[:] = [InstallationFile(version="8.5.0", installation_file=address, hash_md5="0" * 32)]
    done = run(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in " ".join(done.stderr.split())


@posix
def test_ctrl_c_keeps_what_came_and_says_so(
    words: list[str], product: Product, sandbox: Sandbox, key_file: Path, tmp_path: Path
) -> None:
    """The partial file stays beside the name that the file was to get, and the exit code is 130."""
    path = tmp_path / "cad.bin"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/cad.bin"
        product.installation_files[:] = [
            InstallationFile(version="8.5.0", installation_file=url, hash_md5="0123456789abcdef0123456789abcdef")
        ]
        held = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + b"x" * 100_000)
                held.wait(60)

        thread = threading.Thread(target=serve)
        thread.start()
        credentials = {
            "LICENSESPRING_API_KEY": sandbox.api_key,
            "LICENSESPRING_SHARED_KEY": sandbox.shared_key,
            "LICENSESPRING_BASE_URL": sandbox.url,
        }
        command = [*COMMAND, *words, "--public-key", str(key_file), "--output", str(path)]
        try:
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment() | credentials
            ) as process:
                while not [each for each in tmp_path.glob(".cad.bin.*.part") if each.stat().st_size]:
                    assert process.poll() is None
                process.send_signal(signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
        finally:
            held.set()
            thread.join()
    assert (process.returncode, stdout) == (130, "")
    (partial,) = tmp_path.glob(".cad.bin.*.part")
    assert f"interrupted: {size_of(partial.stat().st_size)} are kept beside {path}; the same command resumes." in stderr
    assert not path.exists()


def test_plain_lines_tell_how_far_a_file_is() -> None:
    """Where there is no terminal, a line now and then says what came of how much."""
    shown, seconds = io.StringIO(), iter((0.0, 1.0, 6.0, 6.0, 7.0, 12.0, 12.0))
    with telling("cad.bin", Console(file=shown, width=80), clock=lambda: next(seconds)) as tell:
        for done, total in ((1, None), (12_000_000, 48_000_000), (13_000_000, 48_000_000), (47_000_000, None)):
            tell(done, total)
    assert shown.getvalue() == "cad.bin: 12.0 MB of 48.0 MB\ncad.bin: 47.0 MB\n"


def test_a_terminal_has_a_bar() -> None:
    """The name, what came, and how much there is."""
    shown = io.StringIO()
    with telling("cad[/].bin", Console(file=shown, width=80, force_terminal=True)) as tell:
        tell(12_000_000, 48_000_000)
    assert "cad[/].bin" in shown.getvalue()
    assert "12.0/48.0 MB" in shown.getvalue()


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1500, "1.5 kB"), (10**15, "1,000.0 TB")]
)
def test_bytes_are_said_as_people_do(count: int, expected: str) -> None:
    """Three digits and a unit."""
    assert size_of(count) == expected
