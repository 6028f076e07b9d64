"""A program with a license, in front of a sandbox, at a time that passes only when a test says so."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import attrs

from licensespring_async import ApiKey, Clock, ConnectionFailed, ConnectionLost, LicenseSpring, RetryPolicy
from licensespring_async.offline import LicenseStore, activation_request
from licensespring_async.sandbox import Fault, License, Product, Sandbox, World
from licensespring_async.sandbox.tenants.in_process import IN_PROCESS_URL, in_process_engine
from licensespring_async.services import Change, Grace, LicenseSession, State
from licensespring_async.transport import Engine, HttpRequest, HttpResponse

HOUR = 3600.0
KEY = "AAAA-BBBB-CCCC-DDDD"
DEVICE = "device-1"
SECRET = b"sixteen bytes or more"


@attrs.define
class ManualTime:
    """Seconds since the epoch that pass only when a test says so."""

    now: float = 1_800_000_000.0
    slept: float = 0.0
    sleepers: list[tuple[float, anyio.Event]] = attrs.field(factory=list[tuple[float, anyio.Event]])

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.now + seconds, anyio.Event())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            if sleeper in self.sleepers:
                self.sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for sleeper in [each for each in self.sleepers if each[0] <= self.now]:
            self.sleepers.remove(sleeper)
            sleeper[1].set()

    def sleep_through(self, seconds: float) -> None:
        """Let the time pass while the whole machine sleeps, and its timers with it."""
        self.slept += seconds
        self.now += seconds
        self.sleepers = [(at + seconds, woken) for at, woken in self.sleepers]

    async def advance_a_sleeper(self, seconds: float) -> None:
        """Let the time pass once the session waits for it."""
        with anyio.fail_after(30):
            while not self.sleepers:
                await anyio.lowlevel.checkpoint()
        self.advance(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(time=self, monotonic=self, sleep=self.sleep)


@attrs.define
class Changes:
    """The changes that a session reports."""

    all: list[Change] = attrs.field(factory=list[Change])
    heard: anyio.Event = attrs.field(factory=anyio.Event)

    def __call__(self, change: Change) -> None:
        self.all.append(change)
        self.heard.set()
        self.heard = anyio.Event()

    async def until(self, state: State) -> Change:
        """Wait for a state; it has to come."""
        with anyio.fail_after(30):
            while not self.all or self.all[-1].state is not state:
                await self.heard.wait()
        return self.all[-1]


class Crash(BaseException):
    """The process ends here: nothing that catches errors hears of it."""


@attrs.define
class Line(Engine):
    """The network between a program and a sandbox.

    Attributes:
        inner: The sandbox.
        mode: "up"; "cut": nothing is sent; "lost" and "dead": no answer comes, and the service has acted or not;
            "crash" and "early crash": the program ends instead, likewise.
        held: When set, the answer of the next check waits for it; `holding` says that it does.
        unanswered: The body of each request that may have been sent, and whether the service has acted on it.
    """

    inner: Engine
    mode: str = "up"
    held: anyio.Event | None = None
    holding: anyio.Event = attrs.field(factory=anyio.Event)
    unanswered: list[tuple[dict[str, Any], bool]] = attrs.field(factory=list[tuple[dict[str, Any], bool]])

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        if self.mode == "cut":
            raise ConnectionFailed("cut")
        acts = self.mode in ("up", "lost", "crash")
        answer = await self.inner.send(request, timeout) if acts else None
        if self.mode == "up":
            assert answer is not None
            if self.held is not None and "check_license" in request.url:
                held, self.held = self.held, None
                self.holding.set()
                await held.wait()
            return answer
        if request.body and b"consumptions" in request.body:
            self.unanswered.append((json.loads(request.body), acts and answer is not None and answer.status == 200))
        if "crash" in self.mode:
            raise Crash
        raise ConnectionLost(self.mode)

    async def aclose(self) -> None:
        await self.inner.aclose()


@attrs.define
class Scene:
    """A sandbox with one license, and what a program on a device needs to use it."""

    path: Path
    time: ManualTime = attrs.field(factory=ManualTime)
    changes: Changes = attrs.field(factory=Changes)

    terms: dict[str, Any] = attrs.field(factory=dict[str, Any])
    product: Product = attrs.field(init=False)
    license: License = attrs.field(init=False)
    sandbox: Sandbox = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        world = World()
        terms: dict[str, Any] = {"key": KEY, "max_activations": 2, "allow_offline_activation": True, **self.terms}
        self.product = world.add_product("CAD")
        self.license = self.product.add_license(**terms)
        self.license.add_feature("export")
        self.sandbox = Sandbox(world, clock=self.time)

    def client(self, **options: Any) -> LicenseSpring:
        given: dict[str, Any] = {"clock": self.time.clock, "retry": RetryPolicy(max_attempts=1), **options}
        return self.sandbox.in_process_client(**given)

    def line(self) -> tuple[Line, LicenseSpring]:
        """A network that fails as a test says, and a client that uses it."""
        line = Line(in_process_engine(self.sandbox.application()))
        options: dict[str, Any] = {"public_key": self.sandbox.public_key, "clock": self.time.clock}
        retry = RetryPolicy(max_attempts=1)
        return line, LicenseSpring(auth=self.auth, base_url=IN_PROCESS_URL, engine=line, retry=retry, **options)

    @property
    def auth(self) -> ApiKey:
        return ApiKey(api_key=self.sandbox.api_key, shared_key=self.sandbox.shared_key)

    @property
    def store(self) -> LicenseStore:
        return LicenseStore(self.path, secret=SECRET, clock=self.time.clock)

    def session(self, *, client: LicenseSpring | None = None, **options: Any) -> LicenseSession:
        """The program, started."""
        given: dict[str, Any] = {
            "product": "CAD",
            "hardware_id": DEVICE,
            "license_key": KEY,
            "activate": True,
            "store": self.store,
            "grace": Grace(hours=72),
            "auth": self.auth,
            "on_change": self.changes,
            "clock": self.time.clock,
            "random": lambda: 0.0,
            **options,
        }
        return LicenseSession(client or self.client(), **given)

    def cut(self) -> None:
        """Take the network away."""
        self.sandbox.faults.add(Fault(effect="reset"))

    def mend(self) -> None:
        self.sandbox.faults.clear()

    async def file(self, device: str = DEVICE, *, key: str = KEY) -> str:
        """The license file of a device, by way of another machine."""
        request = activation_request(auth=self.auth, product="CAD", hardware_id=device, license_key=key)
        answer = await self.client().with_raw_response.activate_offline(request=request.text)
        return b64encode(answer.body).decode()
