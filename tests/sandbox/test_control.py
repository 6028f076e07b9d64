"""Steering a sandbox: its clock, its rate limits, its faults, and the endpoints under /_sandbox/."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    AnswerMismatch,
    LicenseNotEnabled,
    LicenseSpring,
    LicenseSpringError,
    RateLimited,
    ResponseError,
    RetryPolicy,
    SignatureError,
    TransportError,
)
from licensespring_async.sandbox import Effect, Fault, Faults, License, Sandbox, SandboxClock, Throttle, World
from licensespring_async.sandbox.steering.faults import Distribution
from licensespring_async.sandbox.steering.limits import RetryAfter

from .calling import new_http

pytestmark = pytest.mark.anyio
STRANGE = {"Origin": "https://attacker.example"}
JSON = {"Content-Type": "application/json"}


KEY, DEVICE = "TWBZ-FYU2-QRTW-KZVT", "my-laptop"


def a_world() -> World:
    """A company with two products: a thousand customers are not needed to steer it."""
    world = World()
    license = world.add_product("LUMEN").add_license(key=KEY, max_activations=5)
    license.add_feature("ai-upscale")
    license.add_feature("batch-export", floating_users=2)
    license.activate(DEVICE)
    world.add_product("VECTOR").add_license(key="3D5F-88B1-77C2-9E40")
    return world


@pytest.fixture
async def own() -> AsyncIterator[Sandbox]:
    """A sandbox for one test."""
    async with Sandbox(a_world()) as sandbox:
        yield sandbox


@pytest.fixture
async def http(own: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with new_http() as client:
        yield client


def once(sandbox: Sandbox, timeout: float = 5) -> LicenseSpring:
    return sandbox.client(retry=RetryPolicy(max_attempts=1), timeout=timeout)


async def check(client: LicenseSpring, sandbox: Sandbox) -> object:
    return await client.check_license_feature(
        product="LUMEN",
        feature="ai-upscale",
        hardware_id=DEVICE,
        license_key=KEY,
    )


def license_of(sandbox: Sandbox) -> License:
    return sandbox.world.products["LUMEN"].licenses_of(KEY)[0]


def test_a_clock_moves_only_when_told() -> None:
    """A frozen clock stands still until it is advanced, and resumes from where it stands."""
    source = [100.0]
    clock = SandboxClock(lambda: source[0])
    clock.freeze()
    source[0] = 500.0
    clock.advance(10)
    assert (clock(), clock.is_frozen) == (110.0, True)
    clock.resume()
    source[0] = 501.0
    assert clock() == 111.0
    clock.set_offset(-1)
    assert (clock(), clock.offset) == (110.0, -391.0)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_clock_that_is_set_off_keeps_its_time(is_frozen: bool) -> None:
    """An offset replaces the offset before it, and nothing else: what was advanced stays, and what stands stands."""
    source = [1000.0]
    clock = SandboxClock(lambda: source[0])
    clock.set_offset(5)
    clock.advance(3600)
    if is_frozen:
        clock.freeze()
    clock.set_offset(60)
    assert (clock(), clock.of_clients(), clock.is_frozen) == (4660.0, 4600.0, is_frozen)
    source[0] += 10
    assert clock() == 4660.0 + (0 if is_frozen else 10)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300])
def test_a_clock_refuses_what_is_no_time(seconds: float) -> None:
    """A clock does not move to where no date is."""
    with pytest.raises(ValueError, match="cannot move"):
        SandboxClock().advance(seconds)


async def test_time_passes_for_clients_too(own: Sandbox) -> None:
    """A client of the sandbox goes along when time is advanced or stands still: no answer seems old, no clock wrong."""
    async with once(own) as client:
        await check(client, own)
        own.clock.advance(86_400)
        await check(client, own)
        own.clock.freeze()
        own.clock.advance(-7200)
        await check(client, own)
        assert abs(client.clock_skew) < 5


async def test_a_client_corrects_a_clock_that_was_set_off(own: Sandbox) -> None:
    """A client that meets date_header_diff corrects itself by the sandbox's Date."""
    own.clock.set_offset(7200)
    async with once(own) as client:
        await check(client, own)
        assert client.clock_skew == pytest.approx(7200, abs=5)


@pytest.mark.parametrize(
    ("shape", "html"), [("seconds", False), ("date", True), ("garbage", False), ("none", True), ("none", False)]
)
async def test_limits_answer_429(shape: RetryAfter, html: bool) -> None:
    """A client reads each shape of a 429 as RateLimited, and the limit ends when its window has passed."""
    throttle = Throttle(scale=0.001, retry_after=shape, html=html)
    async with Sandbox(a_world(), rate_limits=throttle) as sandbox, once(sandbox) as client:
        sandbox.clock.freeze()
        await check(client, sandbox)
        with pytest.raises(RateLimited):
            await check(client, sandbox)
        sandbox.clock.advance(61)
        async with once(sandbox) as another:
            await check(another, sandbox)


SURVIVED: list[tuple[Effect, type[LicenseSpringError]]] = [
    ("error", LicenseSpringError),
    ("cut", TransportError),
    ("reset", TransportError),
    ("empty", TransportError),
    ("malformed-chunk", TransportError),
    ("gzip-bomb", LicenseSpringError),
    ("bad-json", ResponseError),
    ("redirect", LicenseSpringError),
    ("wrong-key", SignatureError),
    ("missing-signature", SignatureError),
    ("stale-signature", SignatureError),
    ("stale-age", AnswerMismatch),
]


async def test_a_client_survives(own: Sandbox) -> None:
    """A broken answer is an error of ours, and the next answer is whole."""
    for effect, kind in SURVIVED:
        own.faults.add(Fault(effect=effect, count=1))
        async with once(own) as client:
            with pytest.raises(LicenseSpringError) as caught:
                await check(client, own)
            assert isinstance(caught.value, kind), effect
            await check(client, own)


async def test_a_client_reads_a_slow_answer(own: Sandbox) -> None:
    """What is late or in pieces is a whole answer all the same."""
    slow: tuple[Effect, ...] = ("latency", "slice", "dribble")
    for effect in slow:
        own.faults.add(Fault(effect=effect, seconds=0, count=1))
        async with once(own) as client:
            await check(client, own)
            assert abs(client.clock_skew) < 60, effect
    assert own.faults.active == ()


async def test_a_fault_meets_only_what_it_names(own: Sandbox) -> None:
    """A rule for another device, another path or another time meets nothing."""
    own.faults.add(Fault(effect="error", hardware_id="another"))
    own.faults.add(Fault(effect="error", path="*/check_bundle"))
    own.faults.add(Fault(effect="error", nth=2))
    own.faults.add(Fault(effect="error", probability=0))
    async with once(own) as client:
        await check(client, own)
        with pytest.raises(LicenseSpringError):
            await check(client, own)
        await check(client, own)


async def test_a_fault_ends_with_its_time(own: Sandbox) -> None:
    """A fault's time to live passes on the sandbox's clock."""
    own.faults.add(Fault(effect="error", ttl=60))
    own.clock.advance(60)
    assert own.faults.active == ()


async def test_steers_over_http(own: Sandbox, http: httpx.AsyncClient) -> None:
    """The endpoints set the clock and faults, tell of requests without their secrets, and reset it all."""
    base = f"{own.url}/_sandbox"
    assert (await http.post(f"{base}/clock", json={"offset": 60, "frozen": True})).json()["frozen"] is True
    added = await http.post(f"{base}/faults", json={"effect": "error", "status": 500, "hardware_id": "hw-secret"})
    assert [fault["effect"] for fault in added.json()] == ["error"]
    assert "hw-secret" not in added.text
    async with once(own) as client:
        await check(client, own)
    journal = await http.get(f"{base}/journal")
    assert [(entry["status"], entry["fault"]) for entry in journal.json()] == [(200, None)]
    assert KEY not in journal.text
    assert DEVICE not in journal.text
    counters = (await http.get(f"{base}/counters")).json()
    assert (counters["requests"], counters["refused"], counters["status"]) == (1, 0, {"200": 1})
    assert KEY not in (await http.get(f"{base}/state")).text
    await http.post(f"{base}/reset")
    assert (own.faults.active, own.clock.is_frozen) == ((), False)
    assert (await http.get(f"{base}/journal")).json() == []


async def test_shows_a_page(own: Sandbox, http: httpx.AsyncClient) -> None:
    """The page escapes what it shows, and shows this sandbox's keys with commands to try; no frame may hold it."""
    own.faults.add(Fault(effect="error", path="<script>"))
    own.world.products["LUMEN"].add_license(key="'\"><script>alert(1)</script>")
    page = await http.get(f"{own.url}/_sandbox/")
    assert "&lt;script&gt;" in page.text
    assert "<script>alert" not in page.text
    assert page.text.count("<script") == 1
    for shown in (KEY, own.api_key, own.shared_key, f"--license-key {KEY}<", f"--hardware-id {DEVICE}<"):
        assert shown in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_revokes_a_license(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A license is revoked until it is restored, or until the reset."""
    [tenant] = (await http.get(f"{own.url}/_sandbox/state")).json()["tenants"]
    [license] = own.world.products["LUMEN"].licenses
    wanted = {"company": tenant["api_key"], "id": license.id, "enabled": False}
    address = f"{own.url}/_sandbox/licenses"
    assert license.id in [row["id"] for row in tenant["licenses"]]
    assert (await http.post(address, json=wanted)).json() == {"id": license.id, "enabled": False}
    async with once(own) as client:
        with pytest.raises(LicenseNotEnabled):
            await check(client, own)
        assert (await http.post(address, json={**wanted, "enabled": True})).status_code == 200
        await check(client, own)
        await http.post(address, json={"id": license.id, "enabled": False})
        await http.post(f"{own.url}/_sandbox/reset")
        await check(client, own)


async def test_refuses_to_revoke_what_is_no_license(own: Sandbox, http: httpx.AsyncClient) -> None:
    """What names no license, or says nothing of it, changes nothing."""
    for wrong, status in (
        ({"id": 1}, 400),
        ({"ids": 1}, 400),
        ({"enabled": False}, 400),
        ({"id": "1731000000063371", "enabled": False}, 400),  # a text is no id, and 404 would hide that
        ({"id": 1, "enabled": False}, 404),
        ({"company": "#0", "id": 1, "enabled": False}, 404),
    ):
        assert (await http.post(f"{own.url}/_sandbox/licenses", json=wrong)).status_code == status, wrong


@pytest.mark.parametrize("seconds", [9e9, -9e9])
async def test_the_clock_always_shows_a_date(own: Sandbox, http: httpx.AsyncClient, seconds: float) -> None:
    """No number of moves takes the clock where there is no date: the sandbox would answer nothing any more."""
    moves = [{"advance": seconds}, {"offset": 20 * seconds}] * 20
    answers = [await http.post(f"{own.url}/_sandbox/clock", json=each) for each in moves]
    assert {answer.status_code for answer in answers} == {200, 400}
    assert (await http.get(f"{own.url}/api/v4/.well-known")).status_code == 200
    assert (await http.get(f"{own.url}/_sandbox/")).status_code == 200


async def test_tells_a_command_of_itself(own: Sandbox, http: httpx.AsyncClient) -> None:
    """What `describe()` has is told to this machine, and to no page of another site."""
    address = f"{own.url}/_sandbox/connection"
    assert (await http.get(address)).json() == own.describe()
    assert (await http.get(address, headers=STRANGE)).status_code == 403
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert (await http.get(address, headers=embedded)).status_code == 403


async def test_refuses_what_is_no_fault(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A fault that cannot be is refused, and none begins."""
    wrong: tuple[Any, ...] = ({}, {"effect": "none"}, {"effect": "error", "path": 5}, {"unknown": 1}, [], "x")
    wrong += ({"effect": "error", "code": "\ud800"}, {"\ud800": 1})
    for each in wrong:
        answer = await http.post(f"{own.url}/_sandbox/faults", content=json.dumps(each), headers=JSON)
        assert answer.status_code == 400, each
    assert own.faults.active == ()


NO_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"effekt": "error"}, "unknown: effekt; did you mean effect?"),
    ({"status": 500}, "not a fault: effect is missing"),
    ({"effect": "latency", "seconds": 2, "up_to": 1}, "up_to is the longest delay"),
    ({"effect": "error", "retry_after": [2]}, "'retry_after' must be"),
    ({"effect": "error", "retry_after": True}, "'retry_after' must be"),
    ({"effect": "error", "nth": "2"}, "'nth' must be"),
    ({"effect": "error", "count": 1.5}, "'count' must be a whole number from 1 to 1000000000"),
    ({"effect": "slice", "size": 0}, "'size' must be"),
    ({"effect": "error", "probability": None}, "'probability' must be"),
    ({"effect": "latency", "seconds": "2"}, "'seconds' must be"),
    ({"effect": "latency", "up_to": "2"}, "'up_to' must be"),
    ({"effect": "redirect", "location": 1}, "'location' must be a text"),
    ({"effect": "error", "hardware_id": 5}, "'hardware_id' must be a text"),
    ({"effect": "error", "html": "yes"}, "'html' must be true or false"),
    ({"effect": "error", "seed": "1"}, "'seed' must be a whole number"),
]


async def test_says_why_it_is_no_fault(own: Sandbox, http: httpx.AsyncClient) -> None:
    """Whoever wrote a rule that cannot be is told what to write."""
    for wrong, told in NO_FAULTS:
        assert told in (await http.post(f"{own.url}/_sandbox/faults", json=wrong)).json()["message"], wrong


async def test_refuses_what_is_no_clock(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A clock that cannot be set so is refused, and stands as it stood."""
    for wrong in ({"ofset": 1}, {"offset": "1"}, {"advance": True}, {"frozen": 1}, {"advance": 1e300}):
        assert (await http.post(f"{own.url}/_sandbox/clock", json=wrong)).status_code == 400, wrong
        assert (own.clock.offset, own.clock.is_frozen) == (0.0, False), wrong


async def test_an_error_comes_in_the_shape_of_a_proxy(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A rule can answer 429 with any Retry-After and as a page."""
    own.faults.add(Fault(effect="error", status=429, html=True, retry_after="Fri, 31 Feb 2026 99:00:00 GMT"))
    answer = await http.get(f"{own.url}/api/v4/check_license_feature")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "Fri, 31 Feb 2026 99:00:00 GMT")
    assert answer.headers["Content-Type"] == "text/html"


async def test_a_retry_after_may_be_a_number(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A Retry-After is sent as it was written, a number or a text, in Python and over HTTP."""
    for wanted, sent in ((2, "2"), (0.5, "0.5"), ("soon", "soon")):
        own.faults.add(Fault(effect="error", retry_after=wanted, count=1))
        await http.post(f"{own.url}/_sandbox/faults", json={"effect": "error", "retry_after": wanted, "count": 1})
        for _ in range(2):
            answer = await http.get(f"{own.url}/api/v4/check_license_feature")
            assert answer.headers["Retry-After"] == sent


async def test_an_error_has_the_code_of_its_status(own: Sandbox, http: httpx.AsyncClient) -> None:
    """An error without a code has the one that belongs to its status."""
    for fault, code in (
        (Fault(effect="error", count=1, status=401), "signature_mismatch"),
        (Fault(effect="error", count=1, status=404), "not_found"),
        (Fault(effect="error", count=1, status=429), "too_many_requests"),
        (Fault(effect="error", count=1, status=503), "internal_error"),
        (Fault(effect="error", count=1, status=404, code="license_not_found"), "license_not_found"),
    ):
        own.faults.add(fault)
        answer = await http.get(f"{own.url}/api/v4/check_license_feature")
        assert (answer.status_code, answer.json()["code"]) == (fault.status, code)


@pytest.mark.parametrize("distribution", ["uniform", "exponential"])
@given(drawn=st.floats(0, 1, exclude_max=True))
def test_delays_lie_between_the_shortest_and_the_longest(distribution: Distribution, drawn: float) -> None:
    """Whatever is drawn, a delay lies between its bounds; exponential ones are mostly near the shorter."""
    fault = Fault(effect="latency", seconds=1, up_to=3, distribution=distribution)
    assert 1 <= fault.delay(drawn) <= 3
    assert Fault(effect="latency", seconds=2).delay(drawn) == 2


def test_exponential_delays_are_mostly_short() -> None:
    """Half of them are in the lowest tenth of the range."""
    assert Fault(effect="latency", seconds=0, up_to=10, distribution="exponential").delay(0.5) < 1.01


def test_the_same_seed_draws_the_same() -> None:
    """Two runs with one seed meet the same requests with the same delays; another seed does not."""

    def drawn(seed: int) -> list[float | None]:
        faults = Faults(lambda: 0.0)
        faults.add(Fault(effect="latency", probability=0.5, seed=seed, seconds=0, up_to=1))
        return [None if met is None else met.delay for met in (faults.meet("/", None) for _ in range(20))]

    assert drawn(1) == drawn(1) != drawn(2)


async def test_reset_goes_back_to_the_start(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A reset takes back slots, devices and consumption, ends faults and sets the clock; what was built stays."""
    license = license_of(own)
    slots = license.features["batch-export"].slots
    assert slots is not None
    slots.take(DEVICE, own.clock.moment())
    license.deactivate(DEVICE)
    license.activate("another")
    own.faults.add(Fault(effect="error"))
    own.clock.advance(5000)
    assert (await http.post(f"{own.url}/_sandbox/reset")).status_code == 200
    assert license.device(DEVICE) is not None
    assert license.device("another") is None
    assert slots.in_use(own.clock.moment()) == 0
    assert (own.faults.active, own.clock.offset) == ((), 0.0)
    async with once(own) as client:
        await check(client, own)


async def test_reset_with_a_file_goes_back_to_the_world(tmp_path: Path) -> None:
    """With a file, the start is what the world describes, though the file knew more when it was opened."""
    before, sandbox = (Sandbox(a_world(), db=tmp_path / "state.db") for _ in range(2))
    license_of(before).activate("kept")
    assert license_of(sandbox).device("kept") is not None
    sandbox.reset()
    assert license_of(sandbox).device("kept") is None
    assert license_of(sandbox).device(DEVICE) is not None


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_reset_leaves_clients_and_server_at_one_time(is_frozen: bool) -> None:
    """A clock that was moved on before the start takes clients along after a reset as it did before."""
    sandbox = Sandbox(World())
    sandbox.clock.advance(86_400)
    if is_frozen:
        sandbox.clock.freeze()
    async with sandbox:
        ahead = sandbox.clock() - sandbox.clock.of_clients()
        sandbox.clock.advance(600)
        sandbox.reset()
        assert ahead == pytest.approx(0, abs=1)
        assert sandbox.clock() - sandbox.clock.of_clients() == pytest.approx(0, abs=1)


async def test_reset_keeps_the_clock_that_it_was_started_with() -> None:
    """A sandbox that was started ahead and frozen is so again."""
    sandbox = Sandbox(World())
    sandbox.clock.set_offset(600)
    sandbox.clock.freeze()
    async with sandbox:
        sandbox.clock.resume()
        sandbox.clock.set_offset(0)
        sandbox.reset()
        assert sandbox.clock.is_frozen
        assert 590 < sandbox.clock.offset <= 600


async def test_tells_of_refusals_and_tenants(own: Sandbox, http: httpx.AsyncClient) -> None:
    """The journal has the code of a refusal; the state has every tenant's licenses."""
    world = World()
    world.add_product("TP").add_license(key="AAAA", floating_users=3)
    tenant = own.add_tenant(world)
    await http.get(f"{own.url}/api/v4/check_license_feature")
    [entry] = (await http.get(f"{own.url}/_sandbox/journal")).json()
    assert (entry["status"], entry["code"]) == (400, "missing_headers")
    state = await http.get(f"{own.url}/_sandbox/state")
    [_, other] = state.json()["tenants"]
    assert other["licenses"][0]["slots"] == [{"feature": None, "in_use": 0, "allowed": 3}]
    assert tenant.api_key not in state.text
    assert "AAAA" not in state.text


@pytest.mark.parametrize("find", ["lumen", KEY])
async def test_finds_licenses(own: Sandbox, http: httpx.AsyncClient, find: str) -> None:
    """The page finds licenses by product or key."""
    page = await http.get(f"{own.url}/_sandbox/", params={"find": find})
    assert '<td data-name="Product">LUMEN' in page.text
    assert '<td data-name="Product">VECTOR' not in page.text


async def test_refuses_other_sites(own: Sandbox, http: httpx.AsyncClient) -> None:
    """A page of another site, or one whose name was rebound, cannot steer the sandbox."""
    sites = [STRANGE, {"Host": "attacker.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
    sites += [{"Host": "[::1"}, {"Origin": "http://["}]
    for headers, what in product(sites, ("reset", "clock", "faults", "licenses")):
        answer = await http.post(f"{own.url}/_sandbox/{what}", json={}, headers=headers)
        assert answer.status_code == 403, (what, headers)


async def test_asks_for_its_token() -> None:
    """With a control token set, nothing is told without it."""
    async with Sandbox(World(), control_token="let-me") as sandbox, new_http() as http:
        address = f"{sandbox.url}/_sandbox/state"
        assert (await http.get(address)).headers["WWW-Authenticate"].startswith("Basic ")
        assert (await http.get(address, auth=("anybody", "wrong"))).status_code == 401
        assert (await http.get(address, auth=("anybody", "let-me"))).status_code == 200
        assert (await http.get(address, auth=("anybody", "let-me"), headers=STRANGE)).status_code == 403
        assert (await http.get(address, headers={"Authorization": "Bearer let-me"})).status_code == 200
