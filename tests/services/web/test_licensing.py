"""One client and one gate for the life of an application, whatever the framework."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import anyio
import attrs
import litestar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import ConfigurationError, ConnectionFailed, InvalidParameter, LicenseSpring
from licensespring_async.services import Decision, Grace, LicenseGate
from licensespring_async.services.web import Denial, Licensee, Licensing, Requirement, by_address, by_headers
from licensespring_async.services.web import litestar as for_litestar
from licensespring_async.services.web.requirement import REFUSED
from licensespring_async.transport import HttpResponse

from ...fakes import FEATURE, answer, refusal
from ...transport import virtual
from ..gate.scenes import Drawer
from .apps import Service, Story, found_at_once, found_later, licensing_of


def test_it_opens_again_and_never_twice(backend: str) -> None:
    """Opens a new client each time, refuses a second one meanwhile, and has none when it is closed."""

    async def main() -> None:
        service = Service()
        licensing = licensing_of(service, found_at_once)
        for _ in range(2):
            async with licensing as gate:
                assert licensing.gate is gate
                assert licensing.client is not None
                with pytest.raises(ConfigurationError, match="already open"):
                    await licensing.__aenter__()
        assert service.closed == 2
        with pytest.raises(ConfigurationError, match="lifespan"):
            _ = licensing.client

    virtual.run(backend, main)


def test_a_lifespan_that_fails_closes_the_client(backend: str) -> None:
    """Raises the application's own error as it is, and closes the client."""

    async def main() -> None:
        service = Service()
        licensing = licensing_of(service, found_at_once)
        with pytest.raises(KeyError, match="mine"):
            async with licensing.around(Story().lifespan)(None):
                raise KeyError("mine")
        assert service.closed == 1

    virtual.run(backend, main)


def test_a_client_without_a_gate_is_closed(backend: str) -> None:
    """Closes the client when the gate cannot be made."""

    async def main() -> None:
        service = Service()

        def no_gate(client: object) -> Any:
            raise KeyError("no gate")

        licensing = Licensing(service.client, product="TP", licensee=found_at_once, gate=no_gate)
        for _ in range(2):
            with pytest.raises(KeyError, match="no gate"):
                await licensing.__aenter__()
        assert service.closed == 2

    virtual.run(backend, main)


@pytest.mark.parametrize(
    "wrong", [{"product": ""}, {"licensee": 1}, {"client": None}, {"refusal_seconds": -1}, {"refusal_seconds": "1"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """Says which argument cannot be used, before anything runs."""
    right: dict[str, Any] = {"client": Service().client, "product": "TP", "licensee": found_at_once}
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Licensing(**{**right, **wrong})


def test_a_requirement_names_a_feature(backend: str) -> None:
    """Refuses a feature that no request could name, and what is no licensing."""

    async def main() -> None:
        with pytest.raises(InvalidParameter, match="feature"):
            Requirement("", licensing_of(Service(), found_at_once))
        with pytest.raises(ConfigurationError, match="licensing"):
            Requirement("render", Service())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    virtual.run(backend, main)


@pytest.mark.parametrize("wrong", [{"hardware_id": ["d"]}, {"username": "ana"}, {"license_id": "1"}], ids=str)
def test_a_licensee_that_cannot_be_asked_for_is_refused(backend: str, wrong: dict[str, Any]) -> None:
    """Whatever the application's own `licensee` finds, what no request can carry is the uniform refusal."""

    async def main() -> None:
        service = Service()

        def licensee(_: object) -> Licensee:
            found: dict[str, Any] = {"hardware_id": "d", "license_key": "good", **wrong}
            return Licensee(**found)

        licensing = licensing_of(service, licensee)
        async with licensing:
            assert await Requirement("render", licensing).decide(None) == REFUSED
        assert service.keys == []

    virtual.run(backend, main)


@attrs.frozen
class Connection:
    """A request's headers, as ASGI has them."""

    scope: dict[str, object]


def connection(*headers: tuple[str, str]) -> Connection:
    return Connection({"headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]})


def test_headers_name_the_licensee() -> None:
    """Reads a device and a key, or a user, from one header each; absent or twice, they name nobody."""
    of_key = by_headers(hardware_id="X-Device", license_key="X-Key")
    device, key = ("x-device", "d"), ("x-key", "k")
    assert of_key(connection(("host", "h"), key, device)) == Licensee(hardware_id="d", license_key="k")
    for headers in ([], [device], [key], [device, key, key], [device, key, ("x-device", "e")]):
        assert of_key(connection(*headers)) is None
    of_user = by_headers(hardware_id="x-device", username="x-user")
    assert of_user(connection(device, ("x-user", "ana"))) == Licensee(hardware_id="d", username="ana")
    with pytest.raises(ConfigurationError, match="exactly one"):
        by_headers(hardware_id="x-device")
    with pytest.raises(ConfigurationError, match="exactly one"):
        by_headers(hardware_id="x-device", license_key="x-key", username="x-user")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("größe".encode(), "größe"),
        ("größe".encode("latin-1"), "größe"),
        ("鍵".encode(), "鍵"),
        (b"ana ", "ana"),
        (b"\t ana\t", "ana"),
        (" größe ".encode(), "größe"),
        ("ana\N{NO-BREAK SPACE}".encode(), "ana\N{NO-BREAK SPACE}"),
    ],
)
def test_a_header_is_read_as_it_was_meant(sent: bytes, read: str) -> None:
    """Reads UTF-8, which clients send, and Latin-1, without the spaces that a server may leave around a value."""
    named = by_headers(hardware_id="x-device", username="x-user")

    assert named(Connection({"headers": [(b"x-device", sent), (b"x-user", sent)]})) == Licensee(
        hardware_id=read, username=read
    )


visitors = st.lists(st.tuples(*[st.sampled_from([b"a", b"A", b" a", b"\xe4", "ä".encode(), b"a" * 600])] * 2))


@given(visitors=visitors)
def test_each_visitor_is_itself_whoever_came_before(visitors: list[tuple[bytes, bytes]]) -> None:
    """Names for the headers of a request what a function names that has seen no other request."""

    def named() -> Callable[[Connection], Licensee | None]:
        return by_headers(hardware_id="x-device", license_key="x-key")

    remembers = named()
    for device, key in visitors:
        asks = Connection({"headers": [(b"x-device", device), (b"x-key", key)]})
        found, fresh = remembers(asks), named()(asks)
        assert found is not None
        assert fresh is not None
        for feature in ("render", None):
            assert found == fresh
            assert found.key("TP", feature) == fresh.of("TP", feature).key


def test_long_values_of_visitors_are_not_kept() -> None:
    """Keeps short values only: whatever visitors send, little memory is held for them."""
    named = by_headers(hardware_id="x-device", license_key="x-key")
    short, long = connection(("x-device", "d"), ("x-key", "k")), connection(("x-device", "d"), ("x-key", "k" * 512))

    assert named(short) is named(short)
    assert named(long) == named(long)
    assert named(long) is not named(long)


@pytest.mark.parametrize("name", ["TP ", "\ufeffTP", "T\u200bP"])
def test_a_name_that_no_request_could_have_is_refused_at_once(name: str) -> None:
    """Refuses a product or feature that would deny every request, where it is written."""
    licensing = Licensing(lambda: pytest.fail("no application runs"), product="TP", licensee=found_later)

    with pytest.raises(ConfigurationError, match="product: "):
        Requirement("render", licensing, product=name)
    with pytest.raises(ConfigurationError, match="feature: "):
        Requirement(name, licensing)


@pytest.mark.parametrize(
    ("client", "source"),
    [
        (("192.0.2.1", 443), "192.0.2.1"),
        (("::ffff:192.0.2.1", 443), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 443), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9%eth0", 443), "2001:db8:1:2::/64"),
        (("testclient", 50000), "testclient"),
        (("", 0), None),
        (None, None),
    ],
)
def test_a_source_is_an_address(client: tuple[str, int] | None, source: str | None) -> None:
    """Counts by the address of the client, of IPv6 by the network, and by no header."""
    headers = [(b"x-forwarded-for", b"198.51.100.7"), (b"forwarded", b"for=198.51.100.7")]
    assert by_address(Connection({"headers": headers, "client": client})) == source
    assert by_address(None) is None


def down() -> HttpResponse:
    raise ConnectionFailed("nobody is there")


def limited() -> HttpResponse:
    return refusal("too_many", 429, retry_after="7")


OUTAGES: dict[str, Callable[[], HttpResponse]] = {
    "down": down,
    "failing": lambda: answer(500, ""),
    "limited": limited,
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
@pytest.mark.parametrize("restarts", [False, True])
def test_an_outage_does_not_show_which_keys_exist(
    backend: str, restarts: bool, outage: Callable[[], HttpResponse]
) -> None:
    """While nobody answers, a key that was refused before and one that nobody has are put off alike, in equal time."""

    async def main() -> None:
        service, clock = Service(), virtual.clock()
        grace = Grace(hours=9, store=Drawer(), secret=b"sixteen bytes or more")

        def gate(client: LicenseSpring) -> LicenseGate:
            return LicenseGate(client, clock=clock, grace=grace, ttl=10, refused_ttl=10)

        def licensee(key: str) -> Licensee:
            return Licensee(hardware_id="d", license_key=key)

        licensing: Licensing[str] = Licensing(service.client, product="TP", licensee=licensee, gate=gate, clock=clock)
        requirement = Requirement("render", licensing)

        async def put_off() -> None:
            service.plays = {"once": outage, "none": outage}
            for _ in range(3):
                seen = list[tuple[Denial | Decision, float]]()
                for key in ("once", "none"):
                    began = anyio.current_time()
                    decided = await requirement.decide(key)
                    # After HTTP 429 the client waits, whatever the next key is.
                    seen.append((decided, 0 if outage is limited else round(anyio.current_time() - began, 3)))
                assert isinstance(seen[0][0], Denial)
                assert (seen[0], seen[0][0].status) == (seen[1], 503)

        async with licensing:
            service.plays = {"once": lambda: answer(body={**FEATURE, "code": "render"})}
            assert isinstance(await requirement.decide("once"), Decision)
            await anyio.sleep(11)
            service.plays = {"once": lambda: refusal("license_not_active")}
            assert await requirement.decide("once") == REFUSED
            await anyio.sleep(11)
            if not restarts:
                await put_off()
        if restarts:
            async with licensing:
                await put_off()

    virtual.run(backend, main)


def test_litestar_documents_the_answers(backend: str) -> None:
    """Litestar's OpenAPI shows 403 and 503, with the body that they have, for a handler with RESPONSES."""

    async def main() -> None:
        guard = for_litestar.RequiresFeature("render", licensing_of(Service(), found_later))

        @litestar.get("/render", guards=[guard], responses=for_litestar.RESPONSES)
        async def handler() -> None: ...

        schema: Any = litestar.Litestar([handler], logging_config=None).openapi_schema.to_schema()
        responses = schema["paths"]["/render"]["get"]["responses"]
        assert {"200", "403", "503"} <= responses.keys()
        name = responses["403"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert list(schema["components"]["schemas"][name]["properties"]) == ["detail"]

    virtual.run(backend, main)


@pytest.mark.parametrize("framework", ["fastapi", "starlette", "litestar"])
def test_a_missing_framework_is_named(framework: str) -> None:
    """Says which extra to install; the rest of the package works without it."""
    code = f"""
import sys
sys.modules["{framework}"] = None
import licensespring_async.services.web
try:
    import licensespring_async.services.web.{framework}
except licensespring_async.ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(rf"pip install .*\[{framework}\]", done.stdout)
