"""What every engine promises, on every event loop it runs on, over real sockets."""

from __future__ import annotations

import gc
import gzip
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import Any

import anyio
import pytest

from licensespring_async import (
    CertificateRefused,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    ResponseError,
    TransportError,
)
from licensespring_async.transport import Engine, HttpRequest, HttpResponse
from licensespring_async.transport.engines.bodies import header
from licensespring_async.transport.engines.pool import AT_ONCE

from .engines import MAX_BODY, Maker
from .loopback import BODY, LOOPS, Connection, Server, answering, ok, serving
from .proxies import Pki, tunnel

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run every test on asyncio's own loop, on uvloop and on trio."""
    return request.param


def get(server: Server, **headers: str) -> HttpRequest:
    return HttpRequest("GET", server.url, {"Accept": "application/json", **headers})


async def ask(engine: Engine, server: Server, timeout: float = 5) -> HttpResponse:
    return await engine.send(get(server), timeout)


async def test_sends_the_request_as_it_is(engines: Maker) -> None:
    """Sends method, target and headers untouched, and a Host."""
    async with serving(answering(ok())) as server, engines() as engine:
        await engine.send(get(server, Authorization='x="1", y="2"'), 5)
    head = server.requests[0].split(b"\r\n")
    assert head[0] == b"GET /api/v4/x?a=%20b HTTP/1.1"
    fields = {line.split(b":", 1)[0].lower(): line.split(b":", 1)[1].strip() for line in head[1:] if line}
    assert fields[b"authorization"] == b'x="1", y="2"'
    assert fields[b"accept"] == b"application/json"
    assert fields[b"host"] == f"127.0.0.1:{server.port}".encode()


async def test_sends_a_body(engines: Maker) -> None:
    """Sends a POST body with its length."""
    async with serving(answering(ok())) as server, engines() as engine:
        await engine.send(HttpRequest("POST", server.url, {"Content-Type": "text/plain"}, b"one two"), 5)
    assert server.requests[0].startswith(b"POST ")
    assert server.requests[0].endswith(b"\r\n\r\none two")


async def test_returns_status_headers_and_body(engines: Maker) -> None:
    """Gives back the status, headers by lower-case name, and the body's bytes."""
    raw = b"HTTP/1.1 418 Teapot\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhe\xfflo"
    async with serving(answering(raw)) as server, engines() as engine:
        response = await ask(engine, server)
    assert response.status == 418
    assert response.headers["x-one"] == "1"
    assert response.body == b"he\xfflo"


async def test_joins_repeated_headers(engines: Maker) -> None:
    """Shows a doubled header as doubled, never as one of the two."""
    async with (
        serving(answering(ok(BODY, "LicenseSignature: a", "licensesignature: b"))) as server,
        engines() as engine,
    ):
        response = await ask(engine, server)
    assert response.headers["licensesignature"] == "a, b"


async def test_reads_chunked_answers(engines: Maker) -> None:
    """Puts chunks together, and reuses the connection."""
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    async with serving(answering(raw)) as server, engines() as engine:
        bodies = [(await ask(engine, server)).body for _ in range(3)]
    assert bodies == [b"abcde"] * 3
    assert server.connections == 1


async def test_reads_until_close(engines: Maker) -> None:
    """Takes the end of the connection as the end of a body without a length."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with serving(handle) as server, engines() as engine:
        assert (await ask(engine, server)).body == b"all of it"


async def test_reuses_the_connection(engines: Maker) -> None:
    """Sends requests one after the other over one connection."""
    async with serving(answering(ok())) as server, engines() as engine:
        for _ in range(5):
            await ask(engine, server)
    assert (server.connections, len(server.requests)) == (1, 5)


async def test_sends_concurrently(engines: Maker) -> None:
    """Sends requests that come at once at once."""
    arrived = anyio.Event()
    waiting = 0

    async def handle(connection: Connection) -> None:
        nonlocal waiting
        await connection.request()
        waiting += 1
        if waiting == 20:
            arrived.set()
        await arrived.wait()
        await connection.send(ok())

    async with serving(handle) as server, engines() as engine, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask, engine, server)
    assert waiting == 20


async def test_undoes_gzip_within_bounds(engines: Maker) -> None:
    """Reads a gzip body that was not asked for."""
    packed = gzip.compress(BODY)
    async with serving(answering(ok(packed, "Content-Encoding: gzip"))) as server, engines() as engine:
        assert (await ask(engine, server)).body == BODY


@pytest.mark.parametrize("coding", ["gzip", "identity", "chunked"])
async def test_stops_at_the_body_limit(leaving_engines: Maker, coding: str) -> None:
    """Refuses a body over the limit, however it is packed."""
    huge = b"x" * (MAX_BODY + 1)
    if coding == "gzip":
        raw = ok(gzip.compress(huge), "Content-Encoding: gzip")
    elif coding == "identity":
        raw = ok(huge)
    else:
        raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(huge), huge)
    async with serving(answering(raw)) as server, leaving_engines() as engine:
        with pytest.raises(ResponseError, match="larger than"):
            await ask(engine, server)


async def test_refuses_a_coding_that_was_not_asked_for(engines: Maker) -> None:
    """Refuses a body in a coding that it cannot bound."""
    async with serving(answering(ok(b"??", "Content-Encoding: br"))) as server, engines() as engine:
        with pytest.raises(ResponseError, match="content coding"):
            await ask(engine, server)


async def test_does_not_follow_redirects(engines: Maker) -> None:
    """Gives back a redirect as the answer that it is."""
    raw = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(raw)) as server, engines() as engine:
        assert (await ask(engine, server)).status == 302
    assert len(server.requests) == 1


async def test_never_sent_is_connection_failed(engines: Maker) -> None:
    """Says that nothing was sent when nobody listens."""
    async with serving(answering(ok())) as server:
        pass
    async with engines() as engine:
        with pytest.raises(ConnectionFailed) as caught:
            await ask(engine, server)
    assert not caught.value.may_have_acted


async def test_looks_host_names_up(engines: Maker) -> None:
    """Finds the address of a host that answers, though the name may have others that do not."""
    async with serving(answering(ok())) as server, engines() as engine:
        named = server.url.replace("127.0.0.1", "localhost")
        assert (await engine.send(HttpRequest("GET", named, {}), 5)).body == BODY


@pytest.mark.parametrize("host", ["nobody.invalid", "localhost"])
async def test_a_name_without_a_server_is_connection_failed(engines: Maker, host: str) -> None:
    """Says that nothing was sent when a name has no address, or none of its addresses answers."""
    async with serving(answering(ok())) as server:
        gone = server.url.replace("127.0.0.1", host)
    async with engines() as engine:
        with pytest.raises(ConnectionFailed):
            await engine.send(HttpRequest("GET", gone, {}), 5)


async def test_a_lookup_can_be_cancelled(engines: Maker) -> None:
    """Ends at once when it is cancelled while it connects to a name."""
    async with serving(answering(ok())) as server, engines() as engine:
        named = HttpRequest("GET", server.url.replace("127.0.0.1", "localhost"), {})
        for moment in (0, 0.0005, 0.001, 0.002):
            with anyio.move_on_after(moment):
                await engine.send(named, 1)
        assert (await engine.send(named, 5)).body == BODY


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        b"\x00\x01\x02 this is no HTTP at all \r\n\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "bad chunk", "noise", "no status"],
)
async def test_a_broken_answer_may_have_acted(engines: Maker, raw: bytes) -> None:
    """Says that the request may have been acted on when the answer breaks off or is no HTTP."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(raw)

    async with serving(handle) as server, engines() as engine:
        with pytest.raises(ConnectionLost) as caught:
            await ask(engine, server)
    assert caught.value.may_have_acted


async def test_a_dribbling_answer_cannot_outlive_the_timeout(engines: Maker) -> None:
    """Ends on time though bytes keep coming."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await connection.send(b"x")
            await anyio.sleep(0.01)

    async with serving(handle) as server, engines() as engine:
        with anyio.fail_after(3), pytest.raises(DeadlineExceeded) as caught:
            await ask(engine, server, timeout=0.5)
        assert caught.value.may_have_acted
        await server.until_closed()


async def test_survives_an_idle_connection_that_was_closed(engines: Maker) -> None:
    """Opens another connection when the server has closed the idle one."""

    async def once(connection: Connection) -> None:
        await connection.request()
        await connection.send(ok())

    async with serving(once) as server, engines() as engine:
        for _ in range(5):
            assert (await ask(engine, server)).body == BODY
            await server.until_closed()
            await anyio.sleep(0.02)
    assert len(server.requests) == 5


@pytest.mark.parametrize("when", ["at once", "later", "half at once"])
async def test_surplus_bytes_are_never_an_answer(our_engines: Maker, when: str) -> None:
    """Never takes bytes that came behind one answer for the answer to the next request."""
    surplus = ok(b'{"forged": true}')

    async def handle(connection: Connection) -> None:
        first = server.connections == 1
        while True:
            await connection.request()
            if not first:
                await connection.send(ok())
            elif when == "at once":
                await connection.send(ok() + surplus)
            elif when == "later":
                await connection.send(ok())
                await anyio.sleep(0.02)
                await connection.send(surplus)
            else:
                await connection.send(ok() + surplus[:20])
                await anyio.sleep(0.02)
                await connection.send(surplus[20:])

    async with serving(handle) as server, our_engines() as engine:
        for _ in range(3):
            with_room = await ask(engine, server)
            assert with_room.body == BODY
            await anyio.sleep(0.06)


async def test_surplus_behind_chunks_is_never_an_answer(our_engines: Maker) -> None:
    """Finds bytes behind a chunked answer as well."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with serving(answering(chunked + ok(b"forged"), chunked)) as server, our_engines() as engine:
        assert [(await ask(engine, server)).body for _ in range(3)] == [b"abc"] * 3


async def test_surplus_behind_a_head_of_bare_line_feeds_is_never_an_answer(our_engines: Maker) -> None:
    """Is not misled about where an answer ends by half line ends and an empty line inside the body."""
    forged = ok(b"forged")
    body = b"x" * (len(forged) - 4) + b"\r\n\r\n" + b"yy"
    misleading = b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%b%b" % (len(body), body, forged)

    async def handle(connection: Connection) -> None:
        first = server.connections == 1
        await connection.request()
        await connection.send(misleading if first else ok())
        await connection.until_gone()

    async with serving(handle) as server, our_engines() as engine:
        with suppress(TransportError):
            await ask(engine, server)
        assert (await ask(engine, server)).body == BODY


@pytest.mark.parametrize("keep", ["", "Connection: keep-alive\r\n"])
async def test_an_old_server_ends_its_connections(our_engines: Maker, keep: str) -> None:
    """Takes answers of HTTP/1.0, one connection each."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(f"HTTP/1.0 200 OK\r\n{keep}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)

    async with serving(handle) as server, our_engines() as engine:
        assert [(await ask(engine, server)).body for _ in range(6)] == [BODY] * 6


async def test_a_connection_closed_behind_an_answer_costs_nothing(our_engines: Maker) -> None:
    """Never reports a request that did not leave because the server had just closed the idle connection."""

    async def once(connection: Connection) -> None:
        await connection.request()
        connection.finish(ok())
        await connection.until_gone()

    async with serving(once) as server, our_engines() as engine, anyio.create_task_group() as group:

        async def often() -> None:
            for _ in range(30):
                assert (await ask(engine, server)).body == BODY

        for _ in range(8):
            group.start_soon(often)
    assert len(server.requests) == 240


async def test_a_silent_server_may_have_acted(engines: Maker) -> None:
    """Says that a request may have been acted on when it was sent and no answer came."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.until_gone()

    async with serving(handle) as server, engines() as engine:
        for request in (get(server), HttpRequest("POST", server.url, {}, b"x")):
            with pytest.raises(DeadlineExceeded) as caught:
                await engine.send(request, 0.5)
            assert caught.value.may_have_acted


async def test_a_header_that_is_no_text_is_no_crash(engines: Maker) -> None:
    """Gives an answer or one of the package's errors for header bytes beyond ASCII."""
    async with serving(answering(ok(BODY)[:15] + b"\r\nX: \xff\xfe" + ok(BODY)[15:])) as server, engines() as engine:
        with suppress(ResponseError):
            assert (await ask(engine, server)).body == BODY


async def test_a_status_shows_through_a_coding(engines: Maker) -> None:
    """Gives the status of an error answer whose body cannot be decoded."""
    raw = b"HTTP/1.1 503 Down\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n??"
    async with serving(answering(raw)) as server, engines() as engine:
        response = await ask(engine, server)
    assert (response.status, response.body) == (503, b"")


async def test_tiny_chunks_cannot_outlive_the_timeout(engines: Maker) -> None:
    """Ends near its deadline though a fast server sends chunks of one byte for ever."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.send(b"1\r\nx\r\n" * 20_000)

    async with serving(handle) as server, engines() as engine:
        with pytest.raises((DeadlineExceeded, ResponseError)):
            await ask(engine, server, timeout=0.3)


@pytest.mark.parametrize("proxy", ["nonsense", "", "ftp://x", "http://", "http://proxy:99999"])
async def test_refuses_what_is_no_proxy(our_engines: Maker, proxy: str) -> None:
    """Refuses a proxy's URL that cannot be one before anything is sent."""
    with pytest.raises(ConfigurationError, match="proxy"):
        async with our_engines(proxy=proxy):
            pass


async def test_reads_interim_answers(engines: Maker) -> None:
    """Skips 1xx answers and takes the final one."""
    raw = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok()
    async with serving(answering(raw)) as server, engines() as engine:
        assert [(await ask(engine, server)).body for _ in range(2)] == [BODY] * 2


async def test_an_interim_answer_has_no_body(engines: Maker) -> None:
    """Takes nothing that an interim answer brings along for the start of the final answer's body."""
    raw = b"HTTP/1.1 104 Wait\r\nContent-Length: 6\r\n\r\nforged" + ok()
    async with serving(answering(raw)) as server, engines() as engine:
        with pytest.raises(ConnectionLost):
            await ask(engine, server)


async def test_cancellation_closes_the_connection(engines: Maker) -> None:
    """Leaves no connection behind when a request is cancelled, and works afterwards."""
    silent = True

    async def handle(connection: Connection) -> None:
        while True:
            await connection.request()
            if silent:
                await connection.until_gone()
                return
            await connection.send(ok())

    async with serving(handle) as server, engines() as engine:
        with anyio.move_on_after(0.1):
            await ask(engine, server, timeout=60)
        await server.until_closed()
        silent = False
        assert (await ask(engine, server)).body == BODY


async def test_a_body_that_is_not_read_ends_in_time(leaving_engines: Maker) -> None:
    """Ends on time though the server takes only half of the request, and leaves nothing of it unfinished."""

    async def handle(_: Connection) -> None:
        await anyio.sleep_forever()

    async with serving(handle) as server, leaving_engines() as engine:
        with pytest.raises(DeadlineExceeded) as caught:
            await engine.send(HttpRequest("POST", server.url, {}, bytes(2**24)), 0.5)
    assert caught.value.may_have_acted
    gc.collect()


async def test_close_leaves_no_connection(engines: Maker) -> None:
    """Closes its idle connections when it is closed."""
    async with serving(answering(ok())) as server:
        async with engines() as engine, anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask, engine, server)
        await server.until_closed()


async def test_a_closed_engine_says_so(our_engines: Maker) -> None:
    """Refuses to send after it was closed, instead of opening connections that nobody will close."""
    async with serving(answering(ok())) as server:
        async with our_engines() as engine:
            await ask(engine, server)
        with pytest.raises((ConfigurationError, TransportError)):
            await ask(engine, server)
    assert len(server.requests) == 1


async def test_trusts_an_authority_of_the_callers(engines: Maker) -> None:
    """Speaks TLS with a server whose authority the caller's ssl_context trusts, and reuses the connection."""
    pki = Pki("127.0.0.1")
    async with serving(answering(ok()), pki.server) as server, engines(ssl_context=pki.trusting) as engine:
        for _ in range(3):
            assert (await ask(engine, server)).body == BODY
    assert server.connections == 1


async def test_words_before_tls_are_never_an_answer(engines: Maker) -> None:
    """Never takes what a server says in the clear for what it says inside TLS."""
    pki = Pki("localhost")

    async def handle(connection: Connection) -> None:
        await connection.send(ok(b"forged"))
        with anyio.move_on_after(0.5):
            await connection.until_gone()

    async with serving(handle) as server, engines(ssl_context=pki.trusting) as engine:
        spoken = HttpRequest("GET", f"https://localhost:{server.port}/", {})
        for _ in range(10):
            with pytest.raises(TransportError):
                await engine.send(spoken, 2)


async def test_surplus_bytes_inside_tls_are_never_an_answer(our_engines: Maker) -> None:
    """Finds surplus bytes that wait inside the TLS layer."""
    pki = Pki("127.0.0.1")
    handler = answering(ok() + ok(b"forged"), ok())
    async with serving(handler, pki.server) as server, our_engines(ssl_context=pki.trusting) as engine:
        assert [(await ask(engine, server)).body for _ in range(3)] == [BODY] * 3


async def test_a_broken_handshake_is_named(our_engines: Maker) -> None:
    """Says where the connection broke, and that nothing was sent, when a server hangs up on a TLS handshake."""

    async def handle(connection: Connection) -> None:
        await connection.raw()

    async with serving(handle) as server, our_engines() as engine:
        with pytest.raises(ConnectionFailed, match=r"^no connection: the connection broke during the TLS handshake$"):
            await engine.send(HttpRequest("GET", f"https://localhost:{server.port}/", {}), 2)


async def test_refuses_an_unknown_authority(engines: Maker) -> None:
    """Sends nothing to a server whose certificate nobody vouches for."""
    pki = Pki("127.0.0.1")
    async with serving(answering(ok()), pki.server) as server, engines() as engine:
        with pytest.raises(CertificateRefused):
            await ask(engine, server)
    assert server.requests == []


async def test_refuses_another_hosts_certificate(engines: Maker) -> None:
    """Sends nothing to a server whose certificate is for another host."""
    pki = Pki("somewhere.example")
    async with serving(answering(ok()), pki.server) as server, engines(ssl_context=pki.trusting) as engine:
        with pytest.raises(CertificateRefused):
            await ask(engine, server)
    assert server.requests == []


async def test_goes_through_a_proxy(engines: Maker) -> None:
    """Reaches an https server through a proxy that wants a password, and reuses the tunnel."""
    pki = Pki("127.0.0.1")
    async with serving(answering(ok()), pki.server) as server, serving(tunnel) as proxy:
        address = f"http://user:pass@127.0.0.1:{proxy.port}"
        async with engines(ssl_context=pki.trusting, proxy=address) as engine:
            for _ in range(2):
                assert (await ask(engine, server)).body == BODY
    assert (server.connections, proxy.connections) == (1, 1)


async def test_goes_through_a_proxy_that_speaks_tls(our_engines: Maker) -> None:
    """Reaches an https server through an https proxy, both of which the caller's ssl_context trusts."""
    pki = Pki("127.0.0.1")
    async with serving(answering(ok()), pki.server) as server, serving(tunnel, pki.server) as proxy:
        address = f"https://user:pass@127.0.0.1:{proxy.port}"
        async with our_engines(ssl_context=pki.trusting, proxy=address) as engine:
            for _ in range(2):
                assert (await ask(engine, server)).body == BODY
    assert (server.connections, proxy.connections) == (1, 1)


@pytest.mark.parametrize("name", ["LicenseSignature", "Date", "Age"])
async def test_trailers_are_no_headers(engines: Maker, name: str) -> None:
    """Takes nothing that comes behind a body for a header."""
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n%b: 7\r\n\r\n" % name.encode()
    async with serving(answering(raw)) as server, engines() as engine:
        response = await ask(engine, server)
    assert (response.body, response.headers.get(name.lower())) == (b"x", None)


async def test_trailers_are_not_kept(our_engines: Maker) -> None:
    """Remembers no trailer for later answers: each may be as long as a body."""
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"
    header.cache_clear()
    async with serving(answering(raw)) as server, our_engines() as engine:
        await ask(engine, server)
    assert header.cache_info().currsize == 1


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
ENDING = {
    "two lengths at once": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + CHUNKED,
    "another transfer coding": b"HTTP/1.1 200 OK\r\n" + CHUNKED.replace(b"chunked", b"gzip, chunked"),
    "Connection: close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    "an interim answer": b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "a line end too much": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\r\n",
    "another protocol": b"HTTP/1.1 101 Yes\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nabc",
    "an old version": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
    "a long head": ok(b"abc", *(f"X-{n}: {'y' * 1000}" for n in range(300))),
}


@pytest.mark.parametrize("raw", ENDING.values(), ids=ENDING)
async def test_what_is_odd_ends_its_connection(our_engines: Maker, raw: bytes) -> None:
    """Uses no connection again on which an answer was unusual, whether it is an answer or an error."""
    async with serving(answering(raw)) as server, our_engines() as engine:
        for _ in range(3):
            with suppress(TransportError, ResponseError):
                assert (await ask(engine, server)).body == b"abc"
        await server.until_closed()
    assert server.connections == 3


@pytest.mark.parametrize("header", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\0b", "a\r\n\r\nGET /evil HTTP/1.1"])
async def test_a_header_stays_in_its_line(our_engines: Maker, header: str) -> None:
    """Sends nothing for a request with a header that would become two."""
    async with serving(answering(ok())) as server, our_engines() as engine:
        with pytest.raises((ConfigurationError, ConnectionFailed)):
            await engine.send(get(server, Authorization=header), 5)
    assert server.requests == []


async def test_plain_requests_go_through_a_proxy(engines: Maker) -> None:
    """Asks a proxy for the whole address of a plain server, with the proxy's password."""
    request = HttpRequest("GET", "http://licenses.example:81/x?y=1", {"X": "1"})
    async with (
        serving(answering(ok())) as proxy,
        engines(proxy=f"http://us%40er:p%3Ass@127.0.0.1:{proxy.port}") as engine,
    ):
        for _ in range(2):
            assert (await engine.send(request, 5)).body == BODY
    head = proxy.requests[1].lower()
    assert head.startswith(b"get http://licenses.example:81/x?y=1 http/1.1\r\n")
    assert b"\r\nhost: licenses.example:81\r\n" in head
    assert b"\r\nproxy-authorization: basic " + b64encode(b"us@er:p:ss").lower() + b"\r\n" in head
    assert proxy.connections == 1


REFUSING = {
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    "nonsense": b"220 mail.example ESMTP ready\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("raw", REFUSING.values(), ids=REFUSING)
async def test_a_proxy_that_refuses_is_connection_failed(our_engines: Maker, raw: bytes) -> None:
    """Says that nothing was sent when a proxy opens no tunnel."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(raw)

    async with serving(handle) as proxy, our_engines(proxy=proxy.origin) as engine:
        with pytest.raises(ConnectionFailed):
            await engine.send(HttpRequest("GET", "https://licenses.example/x", {}), 5)
        await proxy.until_closed()
    assert proxy.requests[0].startswith(b"CONNECT licenses.example:443 HTTP/1.1\r\n")


async def test_a_proxy_that_opens_no_tunnel_in_time(our_engines: Maker) -> None:
    """Says that the service cannot have acted if a proxy keeps silent."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.until_gone()

    async with serving(handle) as proxy, our_engines(proxy=proxy.origin) as engine:
        with pytest.raises(DeadlineExceeded) as caught:
            await engine.send(HttpRequest("GET", "https://licenses.example/x", {}), 0.2)
        await proxy.until_closed()
    assert not caught.value.may_have_acted


PAGE = b"<html>" + b"Please authenticate. " * 2000


@pytest.mark.parametrize("head", [b"Content-Length: %d\r\n" % len(PAGE), b""], ids=["length", "until close"])
async def test_the_status_of_a_proxys_refusal_is_told(our_engines: Maker, head: bytes) -> None:
    """Says with which status a proxy refuses, even if a page follows at once."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + head + b"\r\n" + PAGE)

    async with serving(handle) as proxy, our_engines(proxy=proxy.origin) as engine:
        with pytest.raises(ConnectionFailed, match="407"):
            await engine.send(HttpRequest("GET", "https://licenses.example/x", {}), 5)
        await proxy.until_closed()


async def test_the_words_of_a_proxy_are_not_told(engines: Maker) -> None:
    """Quotes nothing of a refusal but its status: the proxy may echo its own password."""

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 407 dXNlcjpwYXNz is not right\r\nContent-Length: 0\r\n\r\n")

    async with serving(handle) as proxy, engines(proxy=proxy.origin.replace("//", "//user:pass@")) as engine:
        with pytest.raises(ConnectionFailed) as caught:
            await engine.send(HttpRequest("GET", "https://licenses.example/x", {}), 5)
    assert str(caught.value) == "no connection: the proxy answered with HTTP status 407"


async def test_words_behind_a_proxys_consent_are_never_an_answer(our_engines: Maker) -> None:
    """Takes nothing that a proxy says besides its consent for what the server says inside TLS."""
    pki = Pki("localhost")

    async def handle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n" + ok(b"forged"))
        with anyio.move_on_after(0.5):
            await connection.until_gone()

    async with serving(handle) as proxy, our_engines(ssl_context=pki.trusting, proxy=proxy.origin) as engine:
        with pytest.raises(TransportError):
            await engine.send(HttpRequest("GET", "https://localhost:9/x", {}), 2)


async def handshake(
    connection: Connection, context: ssl.SSLContext
) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """Do a server's TLS handshake; what the client hears in one go is the test's to say.

    Its last words are left in the second buffer.
    """
    heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(heard, said, server_side=True)
    while True:
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
            return tls, heard, said
        await connection.send(said.read())
        heard.write(await connection.raw())


@pytest.mark.parametrize("through", ["nothing", "a proxy"])
async def test_an_answer_before_its_request_is_none(our_engines: Maker, through: str) -> None:
    """Takes nothing for an answer that comes with the end of the TLS handshake, and closes the connection."""
    pki = Pki("127.0.0.1")
    pki.server.maximum_version = ssl.TLSVersion.TLSv1_2  # where the server has the last word of the handshake

    async def handle(connection: Connection) -> None:
        if through == "a proxy":
            await connection.request()
            await connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        tls, _, said = await handshake(connection, pki.server)
        tls.write(ok(b"forged"))
        await connection.send(said.read())
        await connection.until_gone()

    async with serving(handle) as server:
        proxy = server.origin if through == "a proxy" else None
        async with our_engines(ssl_context=pki.trusting, proxy=proxy) as engine:
            with pytest.raises(ConnectionFailed):
                await engine.send(HttpRequest("GET", f"https://127.0.0.1:{server.port}/x", {}), 5)
            await server.until_closed()


async def test_a_goodbye_inside_tls_costs_nothing(our_engines: Maker) -> None:
    """Writes no request in line on a connection whose end came in one piece with the last answer."""
    pki = Pki("127.0.0.1")

    async def handle(connection: Connection) -> None:
        tls, heard, said = await handshake(connection, pki.server)
        await connection.send(said.read())
        heard.write(await connection.raw())
        assert tls.read().startswith(b"GET")
        tls.write(ok())
        with suppress(ssl.SSLWantReadError):
            tls.unwrap()
        await connection.send(said.read())
        await connection.until_gone()

    async with (
        serving(handle) as server,
        our_engines(ssl_context=pki.trusting) as engine,
        anyio.create_task_group() as group,
    ):
        request = HttpRequest("GET", f"https://127.0.0.1:{server.port}/x", {})
        for _ in range(4 * AT_ONCE):
            group.start_soon(engine.send, request, 10)
