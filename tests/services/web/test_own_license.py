"""A service that is itself what is licensed: its routes need features of its own license, from memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from licensespring_async import ConfigurationError, ConnectionFailed, LicenseNotFound
from licensespring_async.services import LicenseSession
from licensespring_async.services.web import Licensing, Requirement
from licensespring_async.services.web.fastapi import RequiresFeature
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import FEATURE, answer, refusal
from ...transport import virtual
from ...unit import bodies
from ..gate.scenes import NO, license
from .apps import Service, found_at_once, licensing_of
from .asgi import Running, running
from .guarded import FRAMEWORKS, Need, a_feature, a_license, by_starlette

DOWN = ConnectionFailed("down")


def own(service: Service, **options: Any) -> Licensing[object]:
    """The licensing of a service with a license of its own, which it asks for every 100 seconds."""
    clock = virtual.clock()
    return Licensing(
        service.client,
        session=lambda client: LicenseSession(
            client,
            product="APP",
            hardware_id="d",
            license_key="secret-key-1",
            check_every=100,
            jitter=0,
            clock=clock,
            **options,
        ),
        clock=clock,
    )


def with_features(*codes: str) -> HttpResponse:
    return license(product_features=[bodies.product_feature(code=code, expiry_date=None) for code in codes])


@pytest.mark.parametrize("make", FRAMEWORKS)
@pytest.mark.parametrize(
    ("need", "features", "status"),
    [(a_feature, ["render"], 200), (a_feature, ["other"], 403), (a_license, [], 200)],
    ids=["feature", "no feature", "license"],
)
def test_a_route_needs_what_the_services_license_has(
    make: Callable[[Any, Need], Any], need: Need, features: list[str], status: int, backend: str
) -> None:
    """Lets all visitors through where the service's own license has the feature, and denies all at once elsewhere."""

    async def main() -> None:
        service = Service()
        service.answers = [with_features(*features)]
        async with running(make(own(service), need)) as app:
            for _ in range(3):
                reply = await app.get()
                assert (reply.status, reply.seconds) == (status, 0)
        assert len(service.requests) == 1
        assert service.closed == 1

    virtual.run(backend, main)


@pytest.mark.parametrize("make", FRAMEWORKS)
def test_routes_follow_the_license(make: Callable[[Any, Need], Any], backend: str) -> None:
    """Answers 503 when the license could not be checked for too long, 403 once it is refused, and a probe sees both."""

    async def main() -> None:
        service = Service()
        service.answers = [with_features("render")]
        licensing = own(service)

        async def now(app: Running) -> tuple[str, bool, int]:
            return licensing.session.state, licensing.session.state.is_usable, (await app.get()).status

        async with running(make(licensing, a_feature)) as app:
            assert await now(app) == ("online", True, 200)
            service.answers = [DOWN]
            await anyio.sleep(201)
            assert await now(app) == ("lapsed", False, 503)
            service.answers = [with_features("render")]
            await anyio.sleep(100)
            assert await now(app) == ("online", True, 200)
            service.answers = [NO]
            await anyio.sleep(100)
            assert await now(app) == ("refused", False, 403)

    virtual.run(backend, main)


@pytest.mark.parametrize("make", FRAMEWORKS)
@pytest.mark.parametrize(
    ("lost", "status"), [(DOWN, 503), (refusal("floating_not_available"), 403)], ids=["down", "no"]
)
def test_routes_follow_a_held_feature(
    make: Callable[[Any, Need], Any], lost: HttpResponse | ConnectionFailed, status: int, backend: str
) -> None:
    """Answers 503 when the slot of the service's own feature could not be renewed, and 403 when it was refused."""

    async def main() -> None:
        service = Service()
        feature: HttpResponse | ConnectionFailed
        feature = answer(body={**FEATURE, "code": "render", "is_floating_cloud": True, "floating_timeout": 1})

        def respond(request: HttpRequest) -> HttpResponse:
            if "feature" not in request.url:
                return with_features("render")
            if isinstance(feature, ConnectionFailed):
                raise feature
            return feature

        service.answers = [respond]
        async with running(make(own(service, features=["render"]), a_feature)) as app:
            assert (await app.get()).status == 200
            feature = lost
            await anyio.sleep(61)
            assert (await app.get()).status == status

    virtual.run(backend, main)


def test_a_service_without_its_license_does_not_start(backend: str) -> None:
    """Raises the refusal from the start of the application, and closes the client."""

    async def main() -> None:
        service = Service()
        service.answers = [NO]
        licensing = own(service)
        for _ in range(2):
            with pytest.raises(LicenseNotFound):
                async with licensing:
                    pytest.fail("it was opened")
        assert service.closed == 2

    virtual.run(backend, main)


def test_whose_license_it_is_is_told_apart(backend: str) -> None:
    """Says which arguments are for visitors' licenses and which for the service's own."""

    async def main() -> None:
        licensing, of_visitors = own(Service()), licensing_of(Service(), found_at_once)
        with pytest.raises(ConfigurationError, match="product: comes from the session"):
            Requirement("render", licensing, product="TP")
        with pytest.raises(ConfigurationError, match="licensee: the session already names"):
            RequiresFeature("render", licensing, licensee=lambda: None)
        with pytest.raises(ConfigurationError, match="is not open"):
            _ = licensing.session
        async with of_visitors:
            with pytest.raises(ConfigurationError, match="session: there is none"):
                _ = of_visitors.session

    virtual.run(backend, main)


def test_an_unopened_service_lets_nobody_through(backend: str) -> None:
    """Fails loudly in an application without the lifespan."""

    async def main() -> None:
        with pytest.raises(ConfigurationError, match="lifespan"):
            await Running(by_starlette(own(Service()), a_feature)).get()

    virtual.run(backend, main)
