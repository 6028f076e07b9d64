"""What reaches the sandbox before anyone is authorized: it fills no memory, shows no secret and opens no door."""

from __future__ import annotations

import json
import os
import socket
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from licensespring_async.auth import ApiKey, imf_fixdate
from licensespring_async.sandbox import Fault, Sandbox, SandboxError, World, WorldFileError, load_world
from licensespring_async.sandbox.steering.journal import Entry, Journal, shown_fields
from licensespring_async.sandbox.tenants.tokens import TOKEN_PATH

from .calling import new_http

pytestmark = pytest.mark.anyio
FEATURE = "/api/v4/check_license_feature"


def connected(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port or 0), timeout=10)


def entry(number: int, fields: Mapping[str, str]) -> Entry:
    shown = shown_fields(fields)
    return Entry(at=0, method="GET", path=f"/{number}/" + "p" * 9000, parameters=shown, status=400, code="", fault=None)


def test_a_journal_of_the_largest_requests_is_small() -> None:
    """Five hundred requests of long names, many names and long paths are kept in less than 6 MB."""
    fields = {f"{number} {'n' * 10_000}": "v" * 10_000 for number in range(300)}
    journal = Journal()
    tracemalloc.start()
    try:
        for number in range(1000):
            journal.note(entry(number, fields))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6_000_000
    assert len(journal.counters.paths) <= 101
    assert journal.counters.requests == 1000


async def test_a_journal_shows_short_names_and_counts_the_rest() -> None:
    """A name that is too long is cut, and parameters beyond a number are counted."""
    names = {"x" * 5000: "secret", **{f"n{number}": "secret" for number in range(60)}}
    async with Sandbox(World()) as sandbox, new_http() as http:
        await http.post(f"{sandbox.url}/api/v4/activate_license", json=names)
        [told] = (await http.get(f"{sandbox.url}/_sandbox/journal")).json()
    assert "x" * 40 + "…" in told["parameters"]
    assert told["parameters"]["…"] == "21 more"
    assert max(map(len, told["parameters"])) == 41
    assert "secret" not in json.dumps(told)


@pytest.mark.parametrize("body", ['{"product": "\\ud800"}', '{"\\ud800": 1}'], ids=["value", "name"])
async def test_no_request_takes_the_journal_away(body: str) -> None:
    """Half a surrogate pair in an unauthorized request takes neither the journal nor the page away."""
    async with Sandbox(World()) as sandbox, new_http() as http:
        await http.post(f"{sandbox.url}/api/v4/activate_license", content=body)
        answers = [await http.get(f"{sandbox.url}/_sandbox/{path}") for path in ("journal", "")]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("body", ['{"license_key": "SECRET", "x": "a=b"}', "U0VDUkVU=="], ids=["JSON", "offline"])
async def test_a_body_that_curl_calls_a_form_is_not_taken_for_names(body: str) -> None:
    """Of a body that is sent with curl's content type no part is shown as a name."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with Sandbox(World()) as sandbox, new_http() as http:
        await http.post(f"{sandbox.url}/api/v4/activate_offline", content=body, headers=form)
        told = (await http.get(f"{sandbox.url}/_sandbox/journal")).text
    assert "SECRET" not in told
    assert "U0VDUkVU" not in told


async def test_a_body_that_is_too_large_is_refused_before_it_has_come() -> None:
    """Of an endless body a megabyte is read; then comes 413, and the connection ends."""
    async with Sandbox(World()) as sandbox:
        with connected(sandbox) as connection:
            connection.sendall(b"POST /api/v4/activate_license HTTP/1.1\r\nHost: x\r\nContent-Length: 99000000\r\n\r\n")
            connection.sendall(b"{" * 1_000_001)  # what it did not read would reset the connection
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["code"] == "validation_error"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /" + b"a" * 10_000] + [b"a" * 10_000] * 10,
        [b"GET / HTTP/1.1\r\n"] + [b"Name: " + b"v" * 10_000 + b"\r\n"] * 10,
        [b"GET / HTTP/1.1\r\nName: "] + [b"v" * 10_000] * 50,
        [b"GET / HTTP/1.1\r\n"] + [b"n" * 10_000] * 50,
    ],
    ids=["address", "headers", "header", "name"],
)
async def test_a_head_that_is_too_long_is_refused_before_it_has_come(pieces: list[bytes]) -> None:
    """Of an endless address, an endless header or endless headers little is read; then the connection ends."""
    async with Sandbox(World()) as sandbox:
        with connected(sandbox) as connection:
            answer = b""
            with suppress(ConnectionError):  # what it did not read, it refuses hard
                for piece in pieces:
                    connection.sendall(piece)
                answer = connection.recv(65_536)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


async def test_paths_that_a_fault_answers_are_not_counted_without_end() -> None:
    """A fault answers any path with other statuses than 404; only so many are told apart."""
    async with Sandbox(World()) as sandbox, new_http() as http:
        sandbox.faults.add(Fault(effect="error"))
        for number in range(110):
            await http.get(f"{sandbox.url}/nowhere/{number}")
        paths = (await http.get(f"{sandbox.url}/_sandbox/counters")).json()["path"]
    assert (len(paths), paths["unknown"]) == (101, 10)


@pytest.mark.parametrize("trusted", ["*", "127.0.0.1"])
async def test_no_header_says_where_a_request_came_from(monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    """Whatever uvicorn's environment trusts, an address in a header neither opens nor shuts /_sandbox/."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    async with Sandbox(World()) as sandbox, new_http() as http:
        address = f"{sandbox.url}/api/v4/oauth_url?login_type=client_credentials"
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via"):
            stranger = "for=203.0.113.9" if header == "Forwarded" else "203.0.113.9"
            headers = {header: stranger, "X-Forwarded-Proto": "https"}
            assert (await http.get(f"{sandbox.url}/_sandbox/state", headers=headers)).status_code == 200, header
            told = (await http.get(address, headers=headers)).json()
            assert told["url"].startswith(f"{sandbox.url}/"), header


async def test_another_machine_is_not_let_in_by_a_header() -> None:
    """Of a request whose address is another machine's, no header makes one of this machine."""
    told = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1"}
    transport = httpx.ASGITransport(Sandbox(World()).application(), client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        assert (await http.get("/_sandbox/state", headers=told)).status_code == 403


@pytest.mark.skipif(os.name != "posix", reason="devices and pipes of POSIX")
def test_a_world_is_read_from_a_regular_file_only(tmp_path: Path) -> None:
    """Devices and pipes, which may never end or never begin, are refused, and so is a file without end."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "link.toml").symlink_to("/dev/zero")
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(16_000_001)
    for path in ("/dev/full", "/dev/zero", tmp_path / "link.toml", tmp_path / "pipe.toml"):
        for read in (load_world, Sandbox):
            with pytest.raises(WorldFileError, match="is not a regular file"):
                read(path)
    with pytest.raises(WorldFileError, match="more than 16,000,000 bytes"):
        load_world(tmp_path / "large.toml")


@pytest.mark.parametrize("element", ["1,", "{ a = 1 },"])
def test_a_mistake_in_a_file_of_long_values_is_told(tmp_path: Path, element: str) -> None:
    """Looking for its line takes bounded work; what is beyond has the line of what is around it."""
    path = tmp_path / "world.toml"
    many = "\n".join([element] * 20_000)
    path.write_text(
        f"x = 1\n[[products]]\nshort_code = 'A'\n[products.metadata]\na = [\n{many}\n]\n[[products]]\ny = 1\n"
    )
    with pytest.raises(WorldFileError, match="x: unknown key"):
        load_world(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes files of another user")
def test_another_users_file_is_not_taken_over(tmp_path: Path) -> None:
    """A database that another user laid out would show them every key."""
    db = tmp_path / "sandbox.db"
    db.touch(mode=0o666)
    os.chown(db, 12345, 12345)
    with pytest.raises(SandboxError, match="belongs to another user"):
        Sandbox(World(), db=db)


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_a_database_is_made_private_and_no_link_is_followed(tmp_path: Path) -> None:
    """A file that others could read is theirs no more; a link is refused."""
    db = tmp_path / "sandbox.db"
    db.touch(mode=0o666)
    Sandbox(World(), db=db)
    assert db.stat().st_mode & 0o077 == 0
    (tmp_path / "link.db").symlink_to(db)
    with pytest.raises(SandboxError, match="is a link"):
        Sandbox(World(), db=tmp_path / "link.db")


@pytest.mark.parametrize("path", ["/api/v4/activate_license", TOKEN_PATH])
def test_a_client_that_hangs_up_in_its_request_is_no_failure(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Logs nothing of a client that was stopped while it sent a body."""
    with Sandbox(World()) as sandbox:
        date = imf_fixdate(sandbox.clock())
        authorization = ApiKey(api_key=sandbox.api_key, shared_key=sandbox.shared_key).authorization(date)
        head = f"POST {path} HTTP/1.1\r\nHost: sandbox\r\nDate: {date}\r\nAuthorization: {authorization}\r\n"
        with connected(sandbox) as client:
            client.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 100")  # the endpoint waits for the body

    assert [record.getMessage() for record in caplog.records] == []
