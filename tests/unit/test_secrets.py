"""What must not be read later is nowhere to be read: errors, tracebacks, logs, results, and what commands print."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from rich.pretty import pretty_repr
from typer.testing import CliRunner

from licensespring_async import (
    ApiKey,
    Bundle,
    ClientCredentials,
    License,
    LicenseSpring,
    LicenseSpringError,
    RetryPolicy,
)
from licensespring_async.cli import app
from licensespring_async.configuration import PRODUCTION_URL
from licensespring_async.models.converter import structure
from licensespring_async.sandbox import Sandbox
from licensespring_async.services import LicenseCheck
from licensespring_async.transport import Engine, HttpRequest, HttpResponse

from ..fakes import Script, ScriptedEngine, answer, client
from ..transport.engines import Maker
from ..transport.hostile import BROKEN
from ..transport.loopback import Connection, Handler, answering, ok, serving
from . import bodies

API_KEY, SHARED_KEY = "AK-0a1b2c3d/4e5f", "SK-secret/with+signs=="
LICENSE_KEY, USERNAME, HARDWARE_ID = "LK-9F2C/77AA 0B1E", "ana+private@example.org", "HW:af-01/be 22"
CLIENT_ID, CLIENT_SECRET, TOKEN = "client-0123456789", "CS-secret/with+signs", "eyJ.token-0123456789.sig"
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1hbnN3ZXI="
SECRETS = (API_KEY, SHARED_KEY, LICENSE_KEY, USERNAME, HARDWARE_ID, CLIENT_SECRET, TOKEN, SIGNATURE)


def shapes(secret: str) -> set[str]:
    """The ways in which a text is written down."""
    encoded = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return encoded | {each.lower() for each in encoded} | {repr(secret)[1:-1]}


def leaked(text: str, *more: str) -> list[str]:
    """The secrets that can be read in a text."""
    return [
        secret
        for secret in (*SECRETS, *more)
        if any(shape in text or shape in text.lower() for shape in shapes(secret))
    ]


def shown(error: BaseException) -> str:
    """Everything that a log or a report shows of an error."""
    chain: list[BaseException] = [error]
    for each in chain:
        more = (each.__cause__, each.__context__, *getattr(each, "earlier", ()))
        chain += [other for other in more if other is not None and other not in chain]
    return "\n".join("".join(traceback.format_exception(e)) + repr(e) + str(e) + repr(vars(e)) for e in chain)


def token(request: HttpRequest) -> HttpResponse | None:
    """A token, when that is asked for."""
    return answer(body={"access_token": TOKEN, "expires_in": 480}) if "/token" in request.url else None


def echo(status: int, signed_with: list[str]) -> Script:
    """Answer with everything that was told, in every shape, and note the signatures among it."""

    def respond(request: HttpRequest) -> HttpResponse:
        authorization = request.headers.get("Authorization", "")
        signed_with.extend(authorization.split('"')[5:6])
        body = (request.body or b"").decode()
        plain = unquote(request.url)
        told = [each for each in SECRETS if each in plain]
        echoes = [shape for each in told for shape in sorted(shapes(each))]
        said = " ".join([authorization, *echoes, request.url, body, unquote_plus(body)])
        envelope = bodies.error("license_not_found", said) | {"code": f"odd {' '.join(told)}"}
        return answer(status, envelope, licensesignature=SIGNATURE, location=said)

    return lambda request: (token(request) if status == 200 else None) or respond(request)


def telling(status: int, message: str) -> Script:
    """Give a token, and refuse every call with the same words."""
    said = answer(status, bodies.error("license_not_found", message))
    return lambda request: token(request) or said


def client_over(
    engine: Engine, auth: ApiKey | ClientCredentials | None = None, base_url: str = PRODUCTION_URL
) -> LicenseSpring:
    auth = auth or ApiKey(api_key=API_KEY, shared_key=SHARED_KEY)
    return client(engine, auth=auth, base_url=base_url, timeout=0.2, retry=RetryPolicy(max_attempts=2))


async def failures(asking: LicenseSpring) -> list[LicenseSpringError]:
    """What both endpoints fail with, for a key and for a user."""
    found: list[LicenseSpringError] = []
    for key, user in ((LICENSE_KEY, None), (None, USERNAME)):
        with pytest.raises(LicenseSpringError) as caught:
            await asking.check_license_feature(
                product="P", feature="F", hardware_id=HARDWARE_ID, license_key=key, username=user
            )
        found.append(caught.value)
        with pytest.raises(LicenseSpringError) as caught:
            await asking.check_bundle(product="P", hardware_id=HARDWARE_ID, license_key=key, username=user)
        found.append(caught.value)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500, 503, 700])
async def test_an_answer_that_echoes_secrets_does_not_tell_them(status: int) -> None:
    """Shows of an answer that repeats the whole request nothing that must not be read."""
    signed_with: list[str] = []

    for error in await failures(client_over(ScriptedEngine([echo(status, signed_with)]))):
        assert leaked(shown(error), *signed_with) == []


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 401, 500])
async def test_an_answer_that_names_what_was_not_sent_does_not_tell_it(status: int) -> None:
    """Shows nothing of a shared key or of client credentials that an API answer knows by itself."""
    own = {SHARED_KEY: ApiKey(api_key=API_KEY, shared_key=SHARED_KEY)} | dict.fromkeys(
        (CLIENT_ID, CLIENT_SECRET),
        ClientCredentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, token_url="https://a.example.org/token"),
    )
    for secret, auth in own.items():
        for error in await failures(client_over(ScriptedEngine([telling(status, f"known: {secret}")]), auth)):
            assert leaked(shown(error), CLIENT_ID) == []


@pytest.mark.anyio
async def test_a_token_endpoint_that_echoes_secrets_does_not_tell_them() -> None:
    """Shows nothing of a refused token request, nor of the token of a refused call."""
    auth = ClientCredentials(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, token_url="https://auth.example.org/token"
    )
    for status in (400, 401, 500):
        for error in await failures(client_over(ScriptedEngine([echo(status, [])]), auth)):
            assert leaked(shown(error)) == []


@pytest.mark.parametrize("show", [repr, str, pretty_repr])
def test_nothing_shows_its_secrets(show: Callable[[object], str]) -> None:
    """Shows no secret of credentials, clients and answers, also to rich, which looks into what attrs made."""
    body = bodies.license(license_key=LICENSE_KEY, hardware_id=HARDWARE_ID, user=bodies.user(email=USERNAME))
    values = (
        ApiKey(api_key=API_KEY, shared_key=SHARED_KEY),
        ClientCredentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
        client_over(ScriptedEngine()),
        LicenseCheck(product="APP", hardware_id=HARDWARE_ID, license_key=LICENSE_KEY),
        structure(body, License),
        structure([body], Bundle),
    )

    assert [leaked(show(value), CLIENT_ID) for value in values] == [[]] * len(values)


class Collecting(logging.Handler):
    """Keeps every record."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """Every record of every logger while the test runs, at DEBUG."""
    handler = Collecting(logging.DEBUG)
    names = ("", "licensespring_async", "httpx", "httpcore", "httpcore.http11", "httpcore.connection", "h11")
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield handler.records
    logging.getLogger().removeHandler(handler)
    for logger, level in loggers.items():
        logger.setLevel(level)


def mirroring(form: bytes) -> Handler:
    """Return a handler that writes what it was asked, and with what authority, in some place of its answer."""

    async def handle(connection: Connection) -> None:
        head = await connection.request()
        target = head.split(b" ")[1]
        authorization = re.findall(rb"(?im)^authorization: ([^\r]*)", head)[0]
        await connection.send(form.replace(b"@", target + b" " + authorization))

    return handle


async def repeats_everything(connection: Connection) -> None:
    """Do what a TCP echo service does."""
    while True:
        await connection.send(await connection.raw())


def elsewhere(secret: str) -> bytes:
    host = quote(secret, safe="").replace("%20", "-").encode()
    return b"HTTP/1.1 302 Elsewhere\r\nLocation: https://%b/\r\nContent-Length: 0\r\n\r\n" % host


TALKERS: dict[str, Handler] = {
    "answers": answering(ok(bodies.encoded(bodies.error("license_not_found", LICENSE_KEY)))),
    "echo": repeats_everything,
    "status line": mirroring(b"HTTP/1.1 @\r\n\r\n"),
    "header line": mirroring(b"HTTP/1.1 200 OK\r\n@\r\n\r\n"),
    "header name": mirroring(b"HTTP/1.1 200 OK\r\n(@): 1\r\n\r\n"),
    "chunk": mirroring(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n@\r\n"),
    "length": mirroring(b"HTTP/1.1 200 OK\r\nContent-Length: @\r\n\r\n"),
    "transfer coding": mirroring(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: @\r\n\r\n"),
    "content coding": mirroring(b"HTTP/1.1 200 OK\r\nContent-Encoding: @\r\nContent-Length: 2\r\n\r\n{}"),
    "age": mirroring(b"HTTP/1.1 200 OK\r\nAge: @\r\nContent-Length: 2\r\n\r\n{}"),
    "retry-after": mirroring(b"HTTP/1.1 429 Slowly\r\nRetry-After: @\r\nContent-Length: 2\r\n\r\n{}"),
    "redirect to a key": answering(elsewhere(API_KEY)),
    "another feature": answering(ok(bodies.encoded(bodies.feature(code=HARDWARE_ID)))),
    **{name: BROKEN[name] for name in ("reset_peer", "limit_data", "malformed chunk", "HTTP/3.0", "redirect 302")},
}


@pytest.mark.parametrize("kind", ["httpx", "httptools", "own client"])
@pytest.mark.anyio
async def test_logs_and_transport_errors_tell_nothing(
    records: list[logging.LogRecord], anyio_backend_name: str, kind: str
) -> None:
    """Writes at DEBUG no secret, by any logger, over a real socket, and puts none on the errors."""
    if anyio_backend_name == "trio" and kind != "httpx":
        pytest.skip("httptools is for asyncio, and httpx leaves generators behind that trio warns of")
    errors: dict[str, list[LicenseSpringError]] = {}

    async def ask(talker: str) -> None:
        async with serving(TALKERS[talker]) as server, Maker(kind)() as engine:
            errors[talker] = await failures(client_over(engine, base_url=server.origin))

    async with anyio.create_task_group() as group:  # together, since most of them are waited for
        for talker in TALKERS:
            group.start_soon(ask, talker)

    logged = [f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in records]
    assert [line for line in logged if leaked(line)] == []
    assert errors.keys() == TALKERS.keys()
    assert [talker for talker in errors for error in errors[talker] if leaked(shown(error))] == []


def test_commands_and_their_results_tell_nothing(tmp_path: Path) -> None:
    """Prints and writes fingerprints, in a single check as in a fleet."""
    rows = f"product,hardware_id,license_key,username,feature\nLUMEN,{HARDWARE_ID},{LICENSE_KEY},,raw-import\n"
    rows += f"LUMEN,{HARDWARE_ID},,{USERNAME},raw-import\n"
    devices, results, key = (tmp_path / name for name in ("devices.csv", "results.jsonl", "key.pem"))
    devices.write_text(rows)
    sandbox = Sandbox(api_key=API_KEY, shared_key=SHARED_KEY)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(sandbox):
        key.write_text(sandbox.public_key)
        environment = {"LICENSESPRING_API_KEY": API_KEY, "LICENSESPRING_SHARED_KEY": SHARED_KEY}
        trust = ["--base-url", sandbox.url, "--public-key", str(key)]
        single = ["--product", "LUMEN", "--hardware-id", HARDWARE_ID, "--license-key", LICENSE_KEY]
        for words in (
            ["check-feature", *single, "--feature", "raw-import"],
            ["check-bundle", *single, "--json"],
            ["fleet", "check", str(devices), "--output", str(results), "--yes"],
        ):
            done = CliRunner().invoke(app, [*words, *trust], env=environment)
            assert "licensed" in done.output
            assert leaked(done.output) == []

    assert results.read_text().count("\n") == 2
    assert leaked(results.read_text()) == []
