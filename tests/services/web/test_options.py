"""What a licensing is told beside its product: how long answers are kept, and what a full pool is answered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import anyio
import attrs
import fastapi
import pytest
from starlette.requests import HTTPConnection

from licensespring_async import CircuitPolicy, ConfigurationError, ConnectionFailed, LicenseSpring, RetryPolicy
from licensespring_async.services import Grace, LicenseGate, LicenseSession
from licensespring_async.services.web import Licensing
from licensespring_async.services.web.fastapi import RequiresFeature, RequiresLicense
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import client as client_of
from ...fakes import parameter
from ...transport import virtual
from ..gate.scenes import license
from .apps import Service, found_at_once, licensing_of
from .asgi import running
from .guarded import FRAMEWORKS, Need, a_feature, a_license, by_starlette

GOOD = {"x-device": "device-1", "x-key": "good"}
frameworks = pytest.mark.parametrize("make", FRAMEWORKS)


def key(value: str) -> dict[str, str]:
    return {"x-device": "device-1", "x-key": value}


@attrs.define
class LicenseService(Service):
    """Answers license checks, as the key says."""

    def respond(self, request: HttpRequest) -> HttpResponse:
        assert "/check_license?" in request.url
        asked = parameter(request, "license_key")
        if asked == "disabled":
            return license(license_key=None, product_details={"short_code": "TP"}, license_enabled=False)
        if asked.startswith("good"):
            return license(license_key=None, product_details={"short_code": "TP"})
        return super().respond(request)


@frameworks
def test_a_product_without_features_is_guarded(make: Callable[[Any, Need], Any], backend: str) -> None:
    """Asks for the license alone, once; a license that is disabled is refused as an unknown one."""

    async def main() -> None:
        service = LicenseService()
        async with running(make(licensing_of(service, found_at_once), a_license)) as app:
            for _ in range(2):
                assert (await app.get(headers=GOOD)).status == 200
            refused = [await app.get(headers=each) for each in (key("wrong"), key("disabled"), {})]
        assert [(each.status, each.body) for each in refused] == [(403, b'{"detail":"not licensed"}')] * 3
        assert service.keys == ["good", "wrong", "disabled"]

    virtual.run(backend, main)


@frameworks
@pytest.mark.parametrize(("full_pool", "status"), [(None, 403), (403, 403), (429, 429)])
def test_a_full_pool_may_be_told(make: Callable[[Any, Need], Any], full_pool: Any, status: int, backend: str) -> None:
    """Says that all seats are in use only where it was asked to; every other no is as ever."""

    async def main() -> None:
        licensing = Licensing(
            Service().client, product="TP", licensee=found_at_once, full_pool=full_pool, clock=virtual.clock()
        )
        async with running(make(licensing, a_feature)) as app:
            reply = await app.get(headers=key("floating_not_available"))
            assert reply.status == status
            assert (reply.body == b'{"detail":"all seats are in use"}') is (full_pool is not None)
            assert ("retry-after" in reply.headers) is (full_pool is not None)
            other = await app.get(headers=key("wrong"))
            assert (other.status, other.body) == (403, b'{"detail":"not licensed"}')

    virtual.run(backend, main)


def test_a_route_class_documents_what_it_answers() -> None:
    """Shows 429 in OpenAPI only where a full pool is told by it."""
    statuses: list[Literal[429] | None] = [None, 429]
    for full_pool in statuses:
        licensing: Licensing[HTTPConnection] = Licensing(
            Service().client,
            product="TP",
            licensee=found_at_once,
            full_pool=full_pool,
        )
        for need in (RequiresFeature("render", licensing), RequiresLicense(licensing)):
            app = fastapi.FastAPI()
            app.router.route_class = need.route_class
            app.add_api_route("/render", lambda: None)
            documented = app.openapi()["paths"]["/render"]["get"]["responses"]
            assert ("429" in documented) is (full_pool is not None)
            assert {"403", "503"} <= documented.keys()


def test_answers_are_kept_as_told(backend: str) -> None:
    """Keeps a yes for `ttl`, and lets it stand for the grace while nobody answers."""

    async def main() -> None:
        service = Service()
        licensing = Licensing(
            service.client, product="TP", licensee=found_at_once, ttl=10, grace=Grace(hours=1), clock=virtual.clock()
        )
        async with running(by_starlette(licensing, a_feature)) as app:
            assert (await app.get(headers=GOOD)).status == 200
            await anyio.sleep(10)
            service.answers = [ConnectionFailed("down")]
            for _ in range(5):
                reply = await app.get(headers=GOOD)
                assert (reply.status, reply.body) == (200, b'{"source":"grace"}')
                await anyio.sleep(600)
            await anyio.sleep(600)
            assert (await app.get(headers=GOOD)).status == 503

    virtual.run(backend, main)


def test_a_circuit_is_the_clients(backend: str) -> None:
    """Gives the circuit to the client: a service that fails is not asked for every visitor."""

    async def main() -> None:
        service = Service()
        service.answers = [ConnectionFailed("down")]

        def client(**options: Any) -> LicenseSpring:
            return client_of(service, virtual.clock(), retry=RetryPolicy(max_attempts=1), **options)

        licensing = Licensing(client, product="TP", licensee=found_at_once, circuit=CircuitPolicy(min_attempts=5))
        async with running(by_starlette(licensing, a_feature)) as app:
            for number in range(30):
                assert (await app.get(headers=key(f"good-{number}"))).status == 503
        assert len(service.requests) < 30

    virtual.run(backend, main)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"gate": LicenseGate, "ttl": 5}, "gate"),
        ({"gate": LicenseGate, "grace": Grace(hours=1)}, "gate"),
        ({"gate": 1}, "gate"),
        ({"full_pool": 404}, "full_pool"),
        ({"full_pool": "403"}, "full_pool"),
        ({"circuit": CircuitPolicy()}, "circuit"),
        ({"session": LicenseSession}, "session"),
    ],
    ids=["gate and ttl", "gate and grace", "gate", "status", "text", "circuit", "session"],
)
def test_options_that_do_not_go_together_are_refused(wrong: dict[str, Any], named: str) -> None:
    """Names the argument that cannot be used, when the licensing is made."""
    options: dict[str, Any] = {"product": "TP", "licensee": found_at_once, **wrong}
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        Licensing(Service().client, **options)
