"""A service whose own constants are wrong says so, and does not blame its visitors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from licensespring_async import AuthorizationError, ConfigurationError, ConnectionFailed
from licensespring_async.services import LicenseGate
from licensespring_async.services.web import Denial, Licensee, Licensing, Requirement
from licensespring_async.transport import HttpRequest, HttpResponse

from ...fakes import ScriptedEngine, answer, refusal
from ...transport import virtual
from ...unit import bodies
from .apps import Service, found_at_once, licensing_of
from .asgi import Answer, running
from .guarded import FRAMEWORKS, Need, a_feature, a_license

BODY = b'{"detail":"The license could not be checked right now."}'
frameworks = pytest.mark.parametrize("make", FRAMEWORKS)


def key(value: str) -> dict[str, str]:
    return {"x-device": "device-1", "x-key": value}


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]


def is_put_off(reply: Answer) -> bool:
    return (reply.status, reply.body, "retry-after" in reply.headers) == (503, BODY, True)


@frameworks
@pytest.mark.parametrize("need", [a_feature, a_license])
def test_an_unknown_product_is_no_visitors_fault(
    make: Callable[[Any, Need], Any], need: Need, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers 503 to all, and logs the code and the product at ERROR, once."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        async with running(make(licensing, need)) as app:
            for number in range(3):
                assert is_put_off(await app.get(headers=key("unknown_product")))
                assert is_put_off(await app.get(headers={**key("unknown_product"), "x-device": f"device-{number}"}))

    virtual.run(backend, main)
    [line] = errors(caplog)
    assert line.startswith("unknown_product: the service does not know product 'TP'")


@frameworks
@pytest.mark.parametrize("code", ["invalid_license_feature_code", "unsupported_product_feature"])
def test_an_unknown_feature_is_no_visitors_fault(
    make: Callable[[Any, Need], Any], code: str, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers every no alike, with 503 at the same time, until a license has the feature; then with 403."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        async with running(make(licensing, a_feature)) as app:
            replies = [await app.get(headers=key(each)) for each in (code, "wrong", "license_expired", code)]
            assert [is_put_off(each) for each in replies] == [True] * 4
            assert [each.seconds for each in replies] == pytest.approx([0.5] * 4)
            assert (await app.get(headers=key("good"))).status == 200
            for each in (code, "wrong", "another-code", "wrong-too"):
                reply = await app.get(headers=key(each))
                assert (reply.status, each) == (403 if each != "another-code" else 503, each)

    virtual.run(backend, main)
    [line, _] = errors(caplog)
    assert line.startswith(f"{code}: the service does not know feature 'render' of product 'TP'")


def test_a_feature_that_some_license_has_is_not_doubted(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """Refuses a license that lacks the feature as any other when another one was seen to have it."""

    async def main() -> None:
        async with running(FRAMEWORKS[0](licensing_of(Service(), found_at_once), a_feature)) as app:
            assert (await app.get(headers=key("good"))).status == 200
            assert (await app.get(headers=key("invalid_license_feature_code"))).status == 403

    virtual.run(backend, main)
    assert errors(caplog) == []


def test_each_product_and_feature_is_doubted_alone(backend: str) -> None:
    """Doubts nothing but what the service does not know."""

    async def main() -> None:
        licensing = licensing_of(Service(), found_at_once)
        async with licensing:
            known, unknown = Requirement("render", licensing), Requirement("x", licensing, product="OTHER")
            for need, asked, status in ((unknown, "unknown_product", 503), (known, "wrong", 403)):
                decided = await need.decide_for(Licensee(hardware_id="d", license_key=asked))
                assert isinstance(decided, Denial)
                assert decided.status == status

    virtual.run(backend, main)


def down() -> HttpResponse:
    raise ConnectionFailed("nobody is there")


def test_a_change_of_state_is_told_once(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """Logs once that nobody answers, and once that somebody does again, however many ask."""

    async def main() -> None:
        service = Service(plays={"down": down, "limited": lambda: refusal("too_many", 429)})
        async with running(FRAMEWORKS[0](licensing_of(service, found_at_once), a_feature)) as app:
            for number in range(2):
                for each in ("down", "limited", "down"):
                    assert is_put_off(await app.get(headers=key(each)))
                for each in (f"good-{number}", f"wrong-{number}"):
                    await app.get(headers=key(each))

    virtual.run(backend, main)
    away = ("WARNING", "licenses cannot be checked right now: connection_failed")
    back = ("WARNING", "licenses can be checked again")
    told = [(each.levelname, each.getMessage()) for each in caplog.records if each.name.endswith(".services")]
    assert told == [away, back, away, back]


@pytest.mark.parametrize("code", ["invalid_api_key", "feature_not_floating", "api_key_product_not_allowed"])
def test_what_waiting_does_not_mend_is_an_error_once(backend: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    """Answers 503 to wrong credentials and the like, and logs the code at ERROR, once."""

    async def main() -> None:
        async with running(FRAMEWORKS[0](licensing_of(Service(), found_at_once), a_feature)) as app:
            for _ in range(3):
                assert is_put_off(await app.get(headers=key(code)))

    virtual.run(backend, main)
    assert errors(caplog) == [f"feature 'render' of product 'TP' cannot be checked: {code}"]


@attrs.define
class Vendor(ScriptedEngine):
    """Knows one product and one feature, and answers for any device."""

    product: str = "TP"
    feature: str = "render"

    def __attrs_post_init__(self) -> None:
        self.answers = [self.respond]

    def respond(self, request: HttpRequest) -> HttpResponse:
        if f"product={self.product}&" not in f"{request.url}&":
            return refusal("unknown_product")
        if "/product_details" in request.url:
            details = bodies.product(self.product, allow_trial=False, trial_days=0, floating_timeout=0)
            return answer(body=details)
        if "wrong" in request.url:
            return refusal("license_not_found")
        if f"feature={self.feature}&" not in f"{request.url}&":
            return refusal("invalid_license_feature_code")
        return answer()


TESTER = Licensee(hardware_id="d", license_key="k")


@pytest.mark.parametrize(
    ("vendor", "licensee", "message"),
    [
        (Vendor(), None, None),
        (Vendor(), TESTER, None),
        (Vendor(feature="other"), None, None),
        (Vendor(product="LUMEN"), None, "product: the service does not know 'TP'"),
        (Vendor(feature="other"), TESTER, "feature: the service does not know 'render' of product 'TP'"),
        (Vendor(), attrs.evolve(TESTER, license_key="wrong"), "licensee: the service refuses .* .license_not_found"),
    ],
    ids=["products", "all", "no licensee", "product", "feature", "licensee"],
)
def test_a_start_up_check_names_what_is_wrong(
    backend: str, vendor: Vendor, licensee: Licensee | None, message: str | None
) -> None:
    """Says before the first visitor comes which product or feature the service does not know."""

    async def main() -> None:
        def client() -> Any:
            return Service.client(vendor)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

        licensing = Licensing(client, product="TP", licensee=found_at_once, clock=virtual.clock())
        Requirement("render", licensing)
        async with licensing:
            if message is None:
                await licensing.verify(licensee)
            else:
                with pytest.raises(ConfigurationError, match=message):
                    await licensing.verify(licensee)

    virtual.run(backend, main)


@pytest.mark.parametrize(
    ("said", "error"), [(down, ConnectionFailed), (refusal("invalid_api_key"), AuthorizationError)]
)
def test_a_start_up_check_needs_an_answer(backend: str, said: Any, error: type[Exception]) -> None:
    """Raises the error when the service cannot be asked or does not take the credentials."""

    async def main() -> None:
        vendor = Vendor()
        vendor.answers = [said if not callable(said) else lambda _: said()]
        licensing = Licensing(lambda: Service.client(vendor), product="TP", licensee=found_at_once)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        async with licensing:
            # Its own product is asked for though no route needs it yet.
            with pytest.raises(error):
                await licensing.verify()

    virtual.run(backend, main)


def test_a_gate_needs_no_guard_to_tell(backend: str, caplog: pytest.LogCaptureFixture) -> None:
    """Logs a wrong product also where a program asks the gate itself, and says that it doubts it."""

    async def main() -> None:
        service, check = Service(), TESTER.of("TP", "render")
        asked = attrs.evolve(check, license_key="unknown_product")
        async with service.client() as client, LicenseGate(client, clock=virtual.clock()) as gate:
            assert not gate.doubts(asked)
            assert (await gate.allows(asked)).code == "unknown_product"
            assert gate.doubts(asked)
            assert not gate.doubts(attrs.evolve(asked, product="OTHER"))
            await gate.allows(attrs.evolve(check, license_key="wrong"))
            assert not gate.doubts(asked)

    virtual.run(backend, main)
    assert len(errors(caplog)) == 1
