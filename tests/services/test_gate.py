"""Decisions from memory, from the service, and in its absence."""

from __future__ import annotations

import json
import timeit
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import attrs
import pytest

from licensespring_async import (
    ApiError,
    Clock,
    ConfigurationError,
    ConnectionFailed,
    InvalidParameter,
    LicenseSpring,
    LicenseSpringError,
    RetryPolicy,
)
from licensespring_async.services import Decision, FeatureCheck, GateOverloaded, Grace, LicenseGate, SqliteStore
from licensespring_async.transport import HttpRequest, HttpResponse

from ..transport import virtual
from ..unit import bodies
from ..unit.fakes import KEY, answer
from ..unit.keys import Signer

CHECK = FeatureCheck(product="APP", feature="render", hardware_id="device-1", license_key="secret-key-1")
PLAIN = {**bodies.feature(), "is_floating": False, "is_floating_cloud": False, "expiry_date": None}
OK = answer(PLAIN)
NO = answer(bodies.error("license_not_found", "no", 400), 400)
BROKEN = answer({}, 500)
SECRET = b"sixteen bytes or more"


@attrs.define
class Service:
    """An engine that takes a second for each answer, and can be replayed."""

    play: HttpResponse | LicenseSpringError = OK
    asked: list[str] = attrs.field(factory=list[str])

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        self.asked.append(parse_qs(urlsplit(request.url).query)["license_key"][0])
        await anyio.sleep(1)
        if isinstance(self.play, LicenseSpringError):
            raise self.play
        return self.play

    async def aclose(self) -> None:
        """Nothing to close."""

    def client(self, clock: Clock) -> LicenseSpring:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LicenseSpring(
                auth=KEY, engine=self, verify_signatures=False, clock=clock, retry=RetryPolicy(max_attempts=1)
            )


@attrs.frozen
class Scene:
    """A gate in front of a service, in virtual time."""

    service: Service
    clock: Clock
    client: LicenseSpring

    def gate(self, **options: object) -> LicenseGate:
        settings: dict[str, object] = {"clock": self.clock, "random": lambda: 0.0, **options}
        return LicenseGate(self.client, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


Play = Callable[[Scene], Awaitable[None]]


@pytest.fixture(params=virtual.BACKENDS)
def play(request: pytest.FixtureRequest) -> Callable[[Play], None]:
    def run(scenario: Play) -> None:
        async def main() -> None:
            service, clock = Service(), virtual.clock()
            await scenario(Scene(service, clock, service.client(clock)))

        virtual.run(request.param, main)

    return run


Player = Callable[[Play], None]


def floating(minutes: int) -> HttpResponse:
    return answer({**PLAIN, "is_floating_cloud": True, "floating_timeout": minutes})


def keys(count: int) -> list[FeatureCheck]:
    return [attrs.evolve(CHECK, license_key=f"key-{n}") for n in range(count)]


def test_answers_from_memory(play: Player) -> None:
    """Asks the service once, then answers from memory until the time to live is over."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, refresh_ahead=1) as gate:
            assert [(await gate.allows(CHECK)).source for _ in range(3)] == ["service", "memory", "memory"]
            await anyio.sleep(100)
            assert (await gate.allows(CHECK)).source == "service"
        assert len(scene.service.asked) == 2

    play(scenario)


def test_one_question_for_all(play: Player) -> None:
    """Asks once for a hundred who want to know, and goes on when the first of them is cancelled."""

    async def scenario(scene: Scene) -> None:
        decisions: list[Decision] = []

        async def ask() -> None:
            decisions.append(await gate.allows(CHECK))

        async with scene.gate() as gate, anyio.create_task_group() as callers:
            with anyio.move_on_after(0.5):
                callers.start_soon(anyio.sleep, 0)
                await gate.allows(CHECK)
            for _ in range(100):
                callers.start_soon(ask)
        assert len(decisions) == 100
        assert all(decisions)
        assert len(scene.service.asked) == 1

    play(scenario)


def test_refreshes_ahead(play: Player) -> None:
    """Answers at once from memory near the end of an answer's life, and renews it in the background."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100) as gate:
            await gate.allows(CHECK)
            await anyio.sleep(85)
            before = anyio.current_time()
            assert (await gate.allows(CHECK)).source == "memory"
            assert anyio.current_time() == before
            await anyio.sleep(50)
            assert (await gate.allows(CHECK)).source == "memory"
        assert len(scene.service.asked) == 2

    play(scenario)


def test_a_failed_renewal_is_left_alone(play: Player) -> None:
    """Asks a failing service once in a while, not for each request near the end of an answer's life."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100) as gate:
            await gate.allows(CHECK)
            scene.service.play = ConnectionFailed("down")
            await anyio.sleep(80)
            for _ in range(40):
                assert (await gate.allows(CHECK)).source == "memory"
                await anyio.sleep(0.25)
        assert len(scene.service.asked) <= 1 + 3

    play(scenario)


def test_a_closing_gate_lets_nobody_wait(play: Player) -> None:
    """Whoever still waits when the gate closes is told so."""

    async def scenario(scene: Scene) -> None:
        told: list[str] = []

        async def ask(gate: LicenseGate) -> None:
            try:
                await gate.allows(CHECK)
            except ConfigurationError as error:
                told.append(str(error))

        async with anyio.create_task_group() as callers, scene.gate() as gate:
            callers.start_soon(ask, gate)
            await anyio.sleep(0.5)
        assert told == ["the gate was closed while the service was asked"]

    play(scenario)


def test_jitter_shortens_a_life(play: Player) -> None:
    """Takes a random part off the time to live."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, jitter=0.5, random=lambda: 1.0) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(50)

    play(scenario)


def test_remembers_a_no(play: Player) -> None:
    """Keeps a refusal for its own time, falsy and with its code."""

    async def scenario(scene: Scene) -> None:
        scene.service.play = NO
        async with scene.gate(refused_ttl=10) as gate:
            first, second = await gate.allows(CHECK), await gate.allows(CHECK)
            assert (bool(first), first.code, second.source) == (False, "license_not_found", "memory")
            await anyio.sleep(10)
            assert (await gate.allows(CHECK)).source == "service"

    play(scenario)


def test_an_enumeration_is_bounded(play: Player) -> None:
    """A thousand wrong keys cost as many calls as the burst allows, then end undecided; good answers stay."""

    async def scenario(scene: Scene) -> None:
        overloaded: list[float] = []

        async def ask(check: FeatureCheck) -> None:
            try:
                await gate.allows(check)
            except GateOverloaded as error:
                overloaded.append(error.retry_after)

        async with scene.gate(miss_burst=50, max_size=40) as gate:
            await gate.allows(CHECK)
            scene.service.play = NO
            async with anyio.create_task_group() as callers:
                for check in keys(1000):
                    callers.start_soon(ask, check)
            assert (await gate.allows(CHECK)).source == "memory"
        assert len(scene.service.asked) == 51
        assert len(overloaded) == 950
        assert min(overloaded) > 0

    play(scenario)


def test_size_is_bounded(play: Player) -> None:
    """Forgets the least recently used answer first."""

    async def scenario(scene: Scene) -> None:
        a, b, c = keys(3)
        async with scene.gate(max_size=2) as gate:
            for check in (a, b, a, c):
                await gate.allows(check)
            assert (await gate.allows(a)).source == "memory"
            assert (await gate.allows(b)).source == "service"

    play(scenario)


@pytest.mark.parametrize("failure", [ConnectionFailed("down"), BROKEN], ids=["unreachable", "http_500"])
def test_errors_are_not_kept(play: Player, failure: HttpResponse | LicenseSpringError) -> None:
    """Raises an error without grace, and asks again for the next caller."""

    async def scenario(scene: Scene) -> None:
        scene.service.play = failure
        async with scene.gate() as gate:
            with pytest.raises((ConnectionFailed, ApiError)):
                await gate.allows(CHECK)
            scene.service.play = OK
            assert await gate.allows(CHECK)

    play(scenario)


def test_a_features_end_is_honoured(play: Player) -> None:
    """Keeps no answer past the expiry of the feature."""

    async def scenario(scene: Scene) -> None:
        end = datetime.fromtimestamp(scene.clock.time() + 31, UTC).isoformat()
        scene.service.play = answer({**PLAIN, "expiry_date": end})
        async with scene.gate(ttl=1000) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(30, abs=1)
            await anyio.sleep(31)
            later = await gate.allows(CHECK)
            assert (bool(later), later.code) == (False, "feature_expired")

    play(scenario)


def test_a_floating_slot_is_renewed(play: Player) -> None:
    """Keeps a floating answer for a part of the floating time-out, and says that it floats."""

    async def scenario(scene: Scene) -> None:
        scene.service.play = floating(minutes=2)
        async with scene.gate(ttl=1000, floating_part=0.5) as gate:
            decision = await gate.allows(CHECK)
            assert decision.floating
            assert decision.expires_at - decision.checked_at == pytest.approx(60)

    play(scenario)


def test_a_slot_without_a_time_out_is_kept_briefly(play: Player) -> None:
    """Keeps a floating answer that names no time-out as if it were the shortest, one minute."""

    async def scenario(scene: Scene) -> None:
        scene.service.play = answer({**PLAIN, "is_floating_cloud": True})
        async with scene.gate(ttl=1000) as gate:
            decision = await gate.allows(CHECK)
            assert decision.expires_at - decision.checked_at == pytest.approx(30)

    play(scenario)


def test_grace_stands_for_its_hours(play: Player) -> None:
    """The last yes stands while nobody answers, for the given hours and no longer."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=60, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.play = ConnectionFailed("down")
            await anyio.sleep(3000)
            decision = await gate.allows(CHECK)
            assert (bool(decision), decision.source) == (True, "grace")
            await anyio.sleep(600)
            with pytest.raises(ConnectionFailed):
                await gate.allows(CHECK)

    play(scenario)


def test_no_grace_against_a_no(play: Player) -> None:
    """A refusal ends the grace, and stays a refusal while nobody answers."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=60, refused_ttl=60, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            await anyio.sleep(60)
            scene.service.play = NO
            assert not await gate.allows(CHECK)
            await anyio.sleep(60)
            scene.service.play = ConnectionFailed("down")
            assert not await gate.allows(CHECK)

    play(scenario)


@attrs.define
class Drawer:
    """A store in memory."""

    values: dict[str, bytes] = attrs.field(factory=dict[str, bytes])

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def set(self, key: str, value: bytes) -> None:
        self.values[key] = value


async def restarted(scene: Scene, store: Drawer, check: FeatureCheck = CHECK, **options: object) -> Decision:
    """What a new gate says when nobody answers."""
    scene.service.play = ConnectionFailed("down")
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET), **options) as gate:
        return await gate.allows(check)


async def stored(scene: Scene) -> Drawer:
    store = Drawer()
    async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
        await gate.allows(CHECK)
    return store


def test_grace_survives_a_restart(play: Player) -> None:
    """A stored answer stands for a new gate, and the store sees no key, user or device."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        assert (await restarted(scene, store)).source == "grace"
        assert "device-1" not in repr(store)
        assert "secret-key-1" not in repr(store)

    play(scenario)


def test_a_changed_record_is_ignored(play: Player) -> None:
    """A record that was changed gives no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        ((key, value),) = store.values.items()
        until = json.loads(value[32:])["until"]
        store.values[key] = value.replace(str(until).encode(), str(until + 9e6).encode())
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store)

    play(scenario)


def test_another_device_has_no_grace(play: Player) -> None:
    """A record that was copied to another device's key gives it no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        other = attrs.evolve(CHECK, hardware_id="device-2")
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store, other)

    play(scenario)


def test_a_clock_turned_back_ends_grace(play: Player) -> None:
    """A clock behind the stored answer gives no grace."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        back = attrs.evolve(scene.clock, time=lambda: scene.clock.time() - 3600)
        with pytest.raises(ConnectionFailed):
            await restarted(scene, store, clock=back)

    play(scenario)


def test_a_feature_ends_by_the_later_clock(play: Player) -> None:
    """Believes the service's proved time over a local clock that is behind it."""

    async def scenario(scene: Scene) -> None:
        ahead = scene.clock.time() + 600
        body = {**PLAIN, "expiry_date": datetime.fromtimestamp(ahead - 300, UTC).isoformat()}
        raw = bodies.encoded(body)
        signer = Signer()
        date = format_datetime(datetime.fromtimestamp(ahead, UTC), usegmt=True)
        scene.service.play = HttpResponse(200, {"date": date, **signer.headers(raw)}, raw)
        client = LicenseSpring(auth=KEY, engine=scene.service, public_key=signer.public_key, clock=scene.clock)
        async with LicenseGate(client, clock=scene.clock) as gate:
            decision = await gate.allows(CHECK)
            assert (bool(decision), decision.code) == (False, "feature_expired")

    play(scenario)


def test_an_unproved_date_ends_no_grace(play: Player) -> None:
    """A Date on an answer that nobody verified, as any proxy may send it, does not shorten the grace."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=60, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            await anyio.sleep(60)
            tomorrow = datetime.fromtimestamp(scene.clock.time() + 86_400, UTC)
            scene.service.play = answer({}, 503, {"date": format_datetime(tomorrow, usegmt=True)})
            assert (await gate.allows(CHECK)).source == "grace"
            await anyio.sleep(60)
            scene.service.play = ConnectionFailed("down")
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)


def test_grace_is_not_called_before_its_time(play: Player) -> None:
    """An answer that still lives is given as such while its renewal fails."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.play = ConnectionFailed("down")
            await anyio.sleep(80)
            sources = set[str]()
            for _ in range(15):
                sources.add((await gate.allows(CHECK)).source)
                await anyio.sleep(1)
            assert sources == {"memory"}
            await anyio.sleep(10)
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)


def test_grace_runs_on_through_restarts(play: Player) -> None:
    """Setting the clock back a little before each restart does not make the hours longer."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        scene.service.play = ConnectionFailed("down")
        start, granted = scene.clock.time(), 0
        for _ in range(20):
            began = anyio.current_time()

            def always_the_same(began: float = began) -> float:
                return start + anyio.current_time() - began

            clock = attrs.evolve(scene.clock, time=always_the_same)
            try:
                async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET), clock=clock) as gate:
                    await gate.allows(CHECK)
                    await anyio.sleep(290)
                    await gate.allows(CHECK)
            except ConnectionFailed:
                break
            granted += 1
        assert granted <= 13

    play(scenario)


def test_a_slow_store_keeps_nobody_waiting(play: Player) -> None:
    """Answers while a store is still writing, and has written before the gate is closed."""

    async def scenario(scene: Scene) -> None:
        class Slow(Drawer):
            async def set(self, key: str, value: bytes) -> None:
                await anyio.sleep(3)
                await super().set(key, value)

        store = Slow()
        began = anyio.current_time()
        async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
            await gate.allows(CHECK)
            assert anyio.current_time() - began < 2
        assert len(store.values) == 1

    play(scenario)


def test_a_store_that_hangs_does_not_keep_the_gate_open(play: Player) -> None:
    """Closes within seconds though the store never answers."""

    async def scenario(scene: Scene) -> None:
        class Stuck(Drawer):
            async def set(self, key: str, value: bytes) -> None:
                await anyio.sleep(3600)

        began = anyio.current_time()
        async with scene.gate(grace=Grace(hours=1, store=Stuck(), secret=SECRET)) as gate:
            await gate.allows(CHECK)
        assert anyio.current_time() - began < 10

    play(scenario)


def test_an_enumeration_fills_no_store(play: Player) -> None:
    """Stores refusals only of what was allowed before; there they count after a restart."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)
        scene.service.play = NO
        async with scene.gate(grace=Grace(hours=1, store=store, secret=SECRET)) as gate:
            for check in [CHECK, *keys(20)]:
                assert not await gate.allows(check)
        assert len(store.values) == 1
        assert not await restarted(scene, store)

    play(scenario)


def test_an_enumeration_is_bounded_the_second_time_too(play: Player) -> None:
    """Asking for refused keys again when their refusals have ended costs no more calls than new ones."""

    async def scenario(scene: Scene) -> None:
        async def ask(gate: LicenseGate, check: FeatureCheck) -> None:
            with suppress(GateOverloaded):
                await gate.allows(check)

        scene.service.play = NO
        async with scene.gate(miss_burst=50, miss_rate=1, refused_ttl=10) as gate:
            for _ in range(10):
                async with anyio.create_task_group() as callers:
                    for check in keys(45):
                        callers.start_soon(ask, gate, check)
                await anyio.sleep(10)
        assert len(scene.service.asked) <= 50 + scene.clock.monotonic() + 1

    play(scenario)


class LostConnection(Exception):
    """What a database's client raises, which knows nothing of stores."""


@attrs.define
class Unwell(Drawer):
    """A store whose reads or writes fail with an error of its own."""

    failing: str = "set"

    async def get(self, key: str) -> bytes | None:
        if self.failing == "get":
            raise LostConnection("redis://user:password@host")
        return await super().get(key)

    async def set(self, key: str, value: bytes) -> None:
        if self.failing == "set":
            raise LostConnection("redis://user:password@host")
        await super().set(key, value)


@pytest.mark.parametrize("failing", ["get", "set"])
def test_a_store_that_fails_as_it_likes_is_done_without(
    play: Player, failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers on when a store raises an error of its own, and logs the error's class but not its text."""

    async def scenario(scene: Scene) -> None:
        grace = Grace(hours=1, store=Unwell(failing=failing), secret=SECRET)
        async with scene.gate(ttl=60, grace=grace) as gate:
            scene.service.play = ConnectionFailed("down")
            with pytest.raises(ConnectionFailed):
                await gate.allows(CHECK)
            for scene.service.play in (OK, NO, OK):
                assert bool(await gate.allows(CHECK)) is (scene.service.play is OK)
                await anyio.sleep(60)
            scene.service.play = ConnectionFailed("down")
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)
    assert "LostConnection" in caplog.text
    assert "password" not in caplog.text


def test_a_store_that_returns_text_is_done_without(play: Player) -> None:
    """Takes a record that is not bytes, as of a database client that decodes, for none."""

    async def scenario(scene: Scene) -> None:
        store = await stored(scene)

        class Decoding(Drawer):
            async def get(self, key: str) -> bytes | None:
                return store.values[key].decode("latin-1")  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

        with pytest.raises(ConnectionFailed):
            await restarted(scene, Decoding())

    play(scenario)


@attrs.define
class Mistaken(Service):
    """An engine with a bug: it raises what no client expects for one key."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        if "license_key=bug" in request.url:
            await anyio.sleep(1)
            raise KeyError("bug")
        return await super().send(request, timeout)


@pytest.mark.parametrize("backend", virtual.BACKENDS)
def test_an_unexpected_error_is_told_to_those_who_wait(backend: str) -> None:
    """Raises it to everybody who waits for that answer, and goes on answering others."""

    async def main() -> None:
        clock, service = virtual.clock(), Mistaken()
        told: list[KeyError] = []

        async def ask(gate: LicenseGate) -> None:
            try:
                await gate.allows(attrs.evolve(CHECK, license_key="bug"))
            except KeyError as error:
                told.append(error)

        async with LicenseGate(service.client(clock), clock=clock) as gate:
            async with anyio.create_task_group() as callers:
                callers.start_soon(ask, gate)
                callers.start_soon(ask, gate)
                assert await gate.allows(CHECK)
            assert await gate.allows(attrs.evolve(CHECK, license_key="another"))
        assert len(told) == 2

    virtual.run(backend, main)


def test_grace_notices_a_no_within_the_time_to_live(play: Player) -> None:
    """A refusal of a service that is back ends a grace answer after the gate's own ttl."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=5, refresh_ahead=1, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.play = ConnectionFailed("down")
            await anyio.sleep(5)
            assert (await gate.allows(CHECK)).source == "grace"
            scene.service.play = NO
            await anyio.sleep(5)
            assert not await gate.allows(CHECK)

    play(scenario)


def test_a_closed_gate_has_forgotten(play: Player) -> None:
    """Says nothing from memory after its end, however good the answer still is."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate() as gate:
            await gate.allows(CHECK)
        assert gate.known(CHECK.key) is None
        with pytest.raises(ConfigurationError, match="not open"):
            await gate.allows(CHECK)

    play(scenario)


def test_what_is_not_asked_costs_no_chance(play: Player) -> None:
    """A check that settings keep from being sent takes nothing from the unknown checks that may be refused."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(miss_burst=1, miss_rate=0.001) as gate:
            scene.service.play = ConfigurationError("no certificates are installed")
            for check in keys(3):
                with pytest.raises(ConfigurationError):
                    await gate.allows(check)

    play(scenario)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hardware_id": " "},
        {"hardware_id": ["device-1"]},
        {"hardware_id": b"device-1"},
        {"username": "ana"},
        {"license_key": None},
        {"license_key": ""},
        {"license_id": True},
        {"bundle_code": "\n"},
        {"product": None},
        {"feature": ""},
    ],
    ids=str,
)
def test_a_check_can_be_asked(wrong: dict[str, object]) -> None:
    """Refuses what no request could ask for when the check is made, naming the argument."""
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        attrs.evolve(CHECK, **wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.anyio
async def test_sqlite_keeps_values(tmp_path: Path) -> None:
    """A SQLite store gives back what was last set, to another store of the same file."""
    store = SqliteStore(tmp_path / "answers.db")
    assert await store.get("a") is None
    await store.set("a", b"1")
    await store.set("a", b"2")
    assert await SqliteStore(tmp_path / "answers.db").get("a") == b"2"


@pytest.mark.anyio
async def test_a_closed_gate_says_so() -> None:
    """A gate that is not open asks nothing."""
    with pytest.raises(ConfigurationError, match="not open"):
        await LicenseGate(Service().client(Clock())).allows(CHECK)


def test_a_check_hides_its_secrets() -> None:
    """Shows neither key nor device."""
    assert "secret" not in repr(CHECK)
    assert "device-1" not in repr(CHECK)


def test_a_store_needs_a_secret() -> None:
    """Refuses to store what nothing protects."""
    with pytest.raises(ConfigurationError, match="secret"):
        Grace(hours=1, store=Drawer())


@pytest.mark.parametrize("secret", ["text of some length", None, b"short", bytearray(16)], ids=str)
def test_a_secret_is_bytes(secret: object) -> None:
    """Refuses a secret of another type, or too short, when the grace is made."""
    with pytest.raises(ConfigurationError, match="secret"):
        Grace(hours=1, store=Drawer(), secret=secret)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_an_answer_from_memory_is_cheap() -> None:
    """A warm answer costs microseconds."""

    async def main() -> float:
        async with LicenseGate(Service().client(Clock())) as gate:
            await gate.allows(CHECK)

            def once() -> None:
                try:
                    gate.allows(CHECK).send(None)
                except StopIteration:
                    return

            return min(timeit.repeat(once, number=1000, repeat=20)) / 1000

    assert anyio.run(main) < 5e-6
