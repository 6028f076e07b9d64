"""Steering a sandbox: its clock, its rate limits, its faults, and the endpoints under /_sandbox/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from licensespring_async import (
    AnswerMismatch,
    LicenseSpring,
    LicenseSpringError,
    RateLimited,
    ResponseError,
    RetryPolicy,
    SignatureError,
    TransportError,
)
from licensespring_async.sandbox import Effect, Fault, Sandbox, SandboxClock, Throttle
from licensespring_async.sandbox.limits import RetryAfter

from .calling import new_http

pytestmark = pytest.mark.anyio
STRANGE = {"Origin": "https://attacker.example"}


@pytest.fixture
async def own() -> AsyncIterator[Sandbox]:
    """A demo sandbox for one test."""
    async with Sandbox() as sandbox:
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
        hardware_id=sandbox.demo.hardware_id,
        license_key=sandbox.demo.license_key,
    )


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
    assert (clock(), clock.offset) == (500.0, -1.0)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300])
def test_a_clock_refuses_what_is_no_time(seconds: float) -> None:
    """A clock does not move to where no date is."""
    with pytest.raises(ValueError, match="cannot move"):
        SandboxClock().advance(seconds)


async def test_a_client_corrects_a_clock_that_was_set_off(own: Sandbox) -> None:
    """A client that meets date_header_diff corrects itself by the sandbox's Date."""
    own.clock.set_offset(7200)
    async with once(own) as client:
        await check(client, own)
        assert client.clock_skew == pytest.approx(7200, abs=5)


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("shape", ["seconds", "date", "garbage", "none"])
async def test_limits_answer_429(shape: RetryAfter, html: bool) -> None:
    """A client reads each shape of a 429 as RateLimited, and the limit ends when its window has passed."""
    throttle = Throttle(scale=0.001, retry_after=shape, html=html)
    async with Sandbox(rate_limits=throttle) as sandbox, once(sandbox) as client:
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


@pytest.mark.parametrize(("effect", "kind"), SURVIVED)
async def test_a_client_survives(own: Sandbox, effect: Effect, kind: type[LicenseSpringError]) -> None:
    """A broken answer is an error of ours, and the next answer is whole."""
    own.faults.add(Fault(effect=effect, count=1))
    async with once(own) as client:
        with pytest.raises(kind):
            await check(client, own)
        await check(client, own)


@pytest.mark.parametrize("effect", ["latency", "slice", "dribble"])
async def test_a_client_reads_a_slow_answer(own: Sandbox, effect: Effect) -> None:
    """What is late or in pieces is a whole answer all the same."""
    own.faults.add(Fault(effect=effect, seconds=0))
    async with once(own) as client:
        await check(client, own)
        assert abs(client.clock_skew) < 60


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
    assert own.demo.license_key not in journal.text
    assert own.demo.hardware_id not in journal.text
    assert (await http.get(f"{base}/counters")).json()["requests"] == 1
    assert own.demo.license_key not in (await http.get(f"{base}/state")).text
    await http.post(f"{base}/reset")
    assert (own.faults.active, own.clock.is_frozen) == ((), False)
    assert (await http.get(f"{base}/journal")).json() == []


async def test_shows_a_page(own: Sandbox, http: httpx.AsyncClient) -> None:
    """The page escapes what it shows, and shows no key."""
    own.faults.add(Fault(effect="error", path="<script>"))
    page = await http.get(f"{own.url}/_sandbox/")
    assert "LUMEN" in page.text
    assert "&lt;script&gt;" in page.text
    assert own.demo.license_key not in page.text


@pytest.mark.parametrize("wrong", [{}, {"effect": "none"}, {"effect": "error", "path": 5}, {"unknown": 1}, [], "x"])
async def test_refuses_what_is_no_fault(own: Sandbox, http: httpx.AsyncClient, wrong: Any) -> None:
    """A fault that cannot be is refused, and none begins."""
    assert (await http.post(f"{own.url}/_sandbox/faults", json=wrong)).status_code == 400
    assert own.faults.active == ()


@pytest.mark.parametrize("headers", [STRANGE, {"Host": "attacker.example"}, {"Origin": "null"}])
async def test_refuses_other_sites(own: Sandbox, http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """A page of another site, or one whose name was rebound, cannot steer the sandbox."""
    assert (await http.post(f"{own.url}/_sandbox/reset", headers=headers)).status_code == 403


async def test_asks_for_its_token() -> None:
    """With a control token set, nothing is told without it."""
    async with Sandbox(control_token="let-me") as sandbox, new_http() as http:
        address = f"{sandbox.url}/_sandbox/state"
        assert (await http.get(address)).status_code == 401
        assert (await http.get(address, headers={"Authorization": "Bearer let-me"})).status_code == 200
