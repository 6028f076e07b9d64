"""Installation files over a real socket: whole or not at all, resumed, checked, and never over plain http."""

from __future__ import annotations

import hashlib
import math
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from licensespring_async import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    InstallationFile,
    LicenseSpring,
    ResponseError,
)

from ..fakes import ScriptedEngine, client
from .loopback import Connection, Server, answering, ok, serving

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 4096
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


def described(server: Server, md5: str | None = MD5) -> InstallationFile:
    return InstallationFile(version="1.0", installation_file=f"{server.origin}/app.zip", hash_md5=md5)


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def a_client() -> LicenseSpring:
    return client(ScriptedEngine())


async def half(connection: Connection) -> None:
    """Send half of the file and break off; then the rest, from where it is asked for."""
    request = await connection.request()
    if b"range: bytes=" not in request.lower():
        await connection.send(ok(CONTENT)[: -len(CONTENT) // 2])
        await connection.close()
        return
    start = int(request.lower().partition(b"range: bytes=")[2].partition(b"-")[0])
    rest = CONTENT[start:]
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(rest)}\r\n"
    head += f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}\r\n\r\n"
    await connection.send(head.encode() + rest)


async def test_a_file_is_fetched_and_named(tmp_path: Path) -> None:
    """Writes the whole file under its name, and tells how far it is."""
    seen: list[tuple[int, int | None]] = []
    async with serving(answering(ok(CONTENT))) as server:
        path = await a_client().download(
            described(server), tmp_path / "app.zip", progress=lambda done, total: seen.append((done, total))
        )

    assert path.read_bytes() == CONTENT
    assert names_in(tmp_path) == ["app.zip"]
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))


async def test_the_newest_file_of_a_product_is_fetched(tmp_path: Path) -> None:
    """Fetches the file in the answer of `product_details` too, whose address has another name there."""
    async with serving(answering(ok(CONTENT))) as server:
        latest = InstallationFile(version="1.0", full_link=f"{server.origin}/app.zip", hash_md5=MD5)
        path = await a_client().download(latest, tmp_path / "app.zip")

    assert path.read_bytes() == CONTENT


async def test_no_credentials_go_to_the_files_server(tmp_path: Path) -> None:
    """Sends neither keys nor signatures to an address that the service only names."""
    async with serving(answering(ok(CONTENT))) as server:
        await a_client().download(described(server), tmp_path / "app.zip")

    assert b"authorization" not in server.requests[0].lower()
    assert b"api-key" not in server.requests[0].lower()


async def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Keeps what came, asks for the rest only, and gives the file its name when it is whole."""
    path = tmp_path / "app.zip"
    async with serving(half) as server:
        with pytest.raises(ConnectionLost, match="call again to resume"):
            await a_client().download(described(server), path)
        assert not path.exists()
        await a_client().download(described(server), path)

    assert path.read_bytes() == CONTENT
    assert b"range: bytes=" in server.requests[1].lower()
    assert names_in(tmp_path) == ["app.zip"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is not renamed")
async def test_two_downloads_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """Refuses a second download of the same file: it could still write to the file that the first has checked."""
    begun, go_on = anyio.Event(), anyio.Event()

    async def slow(connection: Connection) -> None:
        await connection.request()
        await connection.send(ok(CONTENT)[:-1])
        await go_on.wait()
        await connection.send(CONTENT[-1:])

    path = tmp_path / "app.zip"
    async with serving(slow) as server, anyio.create_task_group() as group:

        def tell(done: int, _: int | None) -> None:
            if done:
                begun.set()

        async def first() -> None:
            await a_client().download(described(server), path, progress=tell)

        group.start_soon(first)
        await begun.wait()
        with pytest.raises(ConfigurationError, match="path: another download"):
            await a_client().download(described(server), path)
        go_on.set()
    assert path.read_bytes() == CONTENT
    assert len(server.requests) == 1


async def test_a_server_that_cannot_resume_sends_all_again(tmp_path: Path) -> None:
    """Starts from the beginning when the answer to a range is the whole file."""
    path = tmp_path / "app.zip"
    async with serving(half) as server:
        with pytest.raises(ConnectionLost):
            await a_client().download(described(server), path)
    async with serving(answering(ok(CONTENT))) as server:
        await a_client().download(described(server), path)

    assert path.read_bytes() == CONTENT


async def test_a_whole_partial_file_needs_nothing_more(tmp_path: Path) -> None:
    """Names a file that was whole before the program ended."""
    path = tmp_path / "app.zip"
    (tmp_path / f".app.zip.{MD5[:12]}.part").write_bytes(CONTENT)
    async with serving(answering(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n")) as server:
        await a_client().download(described(server), path)

    assert path.read_bytes() == CONTENT


async def test_another_file_is_thrown_away(tmp_path: Path) -> None:
    """Gives no name to bytes that have another MD5, and leaves nothing of them."""
    path = tmp_path / "app.zip"
    path.write_bytes(b"the version before")
    async with serving(answering(ok(b"something else"))) as server:
        with pytest.raises(ResponseError, match=r"MD5 is .*, not"):
            await a_client().download(described(server), path)

    assert path.read_bytes() == b"the version before"
    assert names_in(tmp_path) == ["app.zip"]


@pytest.mark.parametrize("md5", [None, "", "abc", "z" * 32])
async def test_a_file_that_cannot_be_checked_is_not_fetched(md5: str | None, tmp_path: Path) -> None:
    """Refuses a file without a usable MD5 before it asks for it."""
    async with serving(answering(ok(CONTENT))) as server:
        with pytest.raises(ResponseError, match="no MD5"):
            await a_client().download(described(server, md5), tmp_path / "app.zip")

    assert server.connections == 0


@pytest.mark.parametrize("url", ["http://files.example.org/app.zip", "ftp://files.example.org/app.zip", "app.zip"])
async def test_an_address_that_is_not_https_is_refused(url: str, tmp_path: Path) -> None:
    """Fetches nothing that anyone on the way could replace."""
    file = InstallationFile(version="1.0", installation_file=url, hash_md5=MD5)

    with pytest.raises(ResponseError, match="cannot be trusted"):
        await a_client().download(file, tmp_path / "app.zip")


async def test_no_address_is_a_configuration_error(tmp_path: Path) -> None:
    """Says that there is nothing to fetch."""
    with pytest.raises(ConfigurationError, match="no address"):
        await a_client().download(
            InstallationFile(version="1.0", installation_file="", hash_md5=MD5), tmp_path / "app.zip"
        )


async def test_an_answer_without_a_file_is_told(tmp_path: Path) -> None:
    """`license.newest_file` is None if the product has no file: that is said, in an error of ours."""
    none: Any = None
    with pytest.raises(ConfigurationError, match="no address; the service has no installation file"):
        await a_client().download(none, tmp_path / "app.zip")


async def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """Fetches nothing for a path with a NUL character."""
    async with serving(answering(ok(CONTENT))) as server:
        with pytest.raises(ConfigurationError, match="path: contains a NUL"):
            await a_client().download(described(server), f"{tmp_path}/a\0b")
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("path", [None, 5, b"app.zip"]),
        ("timeout", [None, "10", math.nan, 0, True]),
        ("max_size", [None, "1000", 0, 1.5]),
        ("progress", [5]),
    ],
)
async def test_a_wrong_argument_is_named(tmp_path: Path, name: str, values: list[object]) -> None:
    """Fetches nothing until every argument can be used."""
    async with serving(answering(ok(CONTENT))) as server:
        for value in values:
            arguments: dict[str, Any] = {"path": tmp_path / "app.zip", name: value}
            with pytest.raises(ConfigurationError, match=f"^{name}: must be "):
                await a_client().download(described(server), **arguments)
    assert server.requests == []


async def test_tls_settings_that_verify_nothing_are_refused(tmp_path: Path) -> None:
    """`ssl_context=False`, which turns verification off in httpx, is an error, as are settings that do not verify."""
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    async with serving(answering(ok(CONTENT))) as server:
        for context in (False, True, "ca.pem", careless):
            given: Any = context
            with pytest.raises(ConfigurationError, match=r"^ssl_context: must "):
                await a_client().download(described(server), tmp_path / "app.zip", ssl_context=given)
    assert server.requests == []


async def test_a_redirect_is_followed(tmp_path: Path) -> None:
    """Goes where the server sends it, as storage services do."""
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    async def handle(connection: Connection) -> None:
        request = await connection.request()
        await connection.send(ok(CONTENT) if request.startswith(b"GET /elsewhere") else redirect)

    async with serving(handle) as server:
        path = await a_client().download(described(server), tmp_path / "app.zip")

    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("where", ["http://files.example.org/x", "file:///etc/passwd", "ftp://files.example.org/x"])
async def test_a_redirect_away_from_https_is_refused(where: str, tmp_path: Path) -> None:
    """Follows no redirect to an address that it would not have taken at first."""
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(answering(redirect)) as server:
        with pytest.raises(ResponseError, match="cannot be trusted"):
            await a_client().download(described(server), tmp_path / "app.zip")


async def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    """Gives up after a few redirects."""
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /app.zip\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(redirect)) as server:
        with pytest.raises(ResponseError, match="more than 5 redirects"):
            await a_client().download(described(server), tmp_path / "app.zip")


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_error_of_the_files_server_is_said(status: int, tmp_path: Path) -> None:
    """Says what the file's server answered."""
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno".encode()
    async with serving(answering(answer)) as server:
        with pytest.raises(ResponseError, match=f"HTTP {status}") as caught:
            await a_client().download(described(server), tmp_path / "app.zip")
    assert caught.value.status == status


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Refuses a size that it is told, and stops at one that it is not told."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + bytes(4096) + b"\r\n"
    for answer in (ok(CONTENT), chunked + b"0\r\n\r\n"):
        async with serving(answering(answer)) as server:
            with pytest.raises(ResponseError, match="bytes"):
                await a_client().download(described(server), tmp_path / "app.zip", max_size=1000)


async def test_a_slow_download_ends_in_time(tmp_path: Path) -> None:
    """Stops at its time-out, whatever the server does, and keeps what came."""

    async def dribble(connection: Connection) -> None:
        await connection.request()
        await connection.send(ok(CONTENT)[:1000])
        await connection.until_gone()

    async with serving(dribble) as server:
        with pytest.raises(DeadlineExceeded, match="call again to resume it"):
            await a_client().download(described(server), tmp_path / "app.zip", timeout=1)
    assert (tmp_path / f".app.zip.{MD5[:12]}.part").stat().st_size > 0


async def test_a_server_that_is_down_is_a_failed_connection(tmp_path: Path) -> None:
    """Says that nothing answered."""
    async with serving(answering(ok())) as server:
        gone = described(server)
    with pytest.raises(ConnectionFailed):
        await a_client().download(gone, tmp_path / "app.zip")


async def test_a_cancelled_download_leaves_no_name(tmp_path: Path) -> None:
    """Leaves a partial file and no connection when it is cancelled."""

    async def dribble(connection: Connection) -> None:
        await connection.request()
        await connection.send(ok(CONTENT)[:1000])
        await connection.until_gone()

    async with serving(dribble) as server:
        with anyio.move_on_after(0.2):
            await a_client().download(described(server), tmp_path / "app.zip")
        await server.until_closed()
    assert not (tmp_path / "app.zip").exists()


@pytest.mark.parametrize("kind", ["a link", "a second name", "a pipe", "a folder"])
async def test_nothing_else_in_place_of_the_partial_file_is_written_to(tmp_path: Path, kind: str) -> None:
    """Writes through nothing that someone else has put there, and waits for no other end of a pipe."""
    victim, partial = tmp_path / "victim", tmp_path / f".app.zip.{MD5[:12]}.part"
    victim.write_bytes(b"precious")
    make: dict[str, Callable[[], object]] = {
        "a link": lambda: partial.symlink_to(victim),
        "a second name": lambda: partial.hardlink_to(victim),
        "a pipe": lambda: os.mkfifo(partial),
        "a folder": partial.mkdir,
    }
    make[kind]()
    async with serving(answering(ok(CONTENT))) as server:
        with pytest.raises(OSError, match=r"is a link|second name|not a regular file|directory"):
            await a_client().download(described(server), tmp_path / "app.zip")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "app.zip").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("is_link", [False, True])
async def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path, is_link: bool) -> None:
    """Refuses such a name before it fetches anything: for root, /dev/null would become a regular file."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    async with serving(answering(ok(CONTENT))) as server:
        with pytest.raises(OSError, match="is not a regular file"):
            await a_client().download(described(server), link if is_link else pipe)

    assert (pipe.is_fifo(), link.is_symlink(), server.requests) == (True, True, [])


async def test_a_server_that_says_there_is_nothing_left_of_nothing(tmp_path: Path) -> None:
    """Takes HTTP 416 for the end of a file only where a part of it is there."""
    async with serving(answering(b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n")) as server:
        with pytest.raises(ResponseError, match="HTTP 416"):
            await a_client().download(described(server), tmp_path / "app.zip")


@pytest.mark.parametrize("where", ["javascript:1", "https://xn--a/", "https://127.0.0.1:1/" + "a" * 66_000])
async def test_an_address_that_httpx_cannot_read(where: str, tmp_path: Path) -> None:
    """Ends in one of our errors, be it the service's address or a redirect's."""
    file = InstallationFile(version="1.0", installation_file=where, hash_md5=MD5)
    with pytest.raises(ResponseError, match="address"):
        await a_client().download(file, tmp_path / "app.zip")
    head = f"HTTP/1.1 302 Found\r\nLocation: {where[:60_000]}\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(head.encode())) as server:
        with pytest.raises((ResponseError, ConnectionFailed)):
            await a_client().download(described(server), tmp_path / "app.zip")
