"""A program keeps its license: online, within its grace, or from an offline file, and never against a refusal."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import attrs
import pytest

from licensespring_async import (
    AnswerMismatch,
    Blacklisted,
    ConfigurationError,
    ConnectionLost,
    License,
    LicenseNotActive,
    LicenseNotFound,
    LicenseSpringError,
    SignatureError,
)
from licensespring_async.models.converter import structure
from licensespring_async.offline import ClockTurnedBack, LicenseStore, NothingStored, StoreDamaged
from licensespring_async.services import Grace, LicenseUnusable, State
from licensespring_async.services.license_session.standing import Standing, slot_seconds

from ...unit import bodies
from ...unit.keys import Signer
from .scenes import DEVICE, HOUR, KEY, SECRET, Scene

pytestmark = pytest.mark.anyio


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "license")


async def opened(scene: Scene, **options: Any) -> State:
    """The state that the program starts in."""
    async with scene.session(**options) as license:
        return license.state


async def test_a_license_is_activated_checked_and_stored(scene: Scene) -> None:
    """Opens on a new device, says what may be used, and leaves the answer in the store."""
    async with scene.session() as license:
        assert license.state is State.ONLINE
        assert license.lost is None
        assert license.allows()
        assert license.allows("export")
        assert (license.allows("print").allowed, license.allows("print").code) == (
            False,
            "invalid_license_feature_code",
        )

    assert scene.license.times_activated == 1
    stored = scene.store.load(hardware_id=DEVICE, product="CAD", public_key=scene.sandbox.public_key)
    assert stored.license_active


async def test_nothing_is_activated_unasked(scene: Scene) -> None:
    """Raises the service's refusal on a device that is not active, unless it was told to activate."""
    with pytest.raises(LicenseNotActive):
        await opened(scene, activate=False)
    assert scene.license.times_activated == 0


async def test_a_program_starts_in_grace_and_no_longer(scene: Scene) -> None:
    """Starts without a network for as long as the grace allows since the last answer, and then no more."""
    await opened(scene)
    scene.cut()

    scene.time.advance(72 * HOUR - 1)
    async with scene.session() as license:
        assert license.state is State.GRACE
        assert license.allows("export").source == "grace"
    scene.time.advance(1)

    with pytest.raises(ConnectionLost) as caught:
        await opened(scene)
    assert "its grace is over" in caught.value.__notes__[-1]


@pytest.mark.parametrize(
    "whose", [{"license_key": "KEY-OF-ANOTHER"}, {"license_key": None, "username": "ana@x.example"}]
)
async def test_a_grace_is_for_the_key_or_user_that_was_allowed(scene: Scene, whose: dict[str, Any]) -> None:
    """Starts no program by the license of another key or user that was stored on this device before."""
    await opened(scene)
    scene.cut()

    with pytest.raises(ConnectionLost) as caught:
        await opened(scene, activate=False, **whose)
    assert "another key or user" in caught.value.__notes__[-1]
    assert await opened(scene, license_key=KEY.lower()) is State.GRACE


async def test_a_clock_turned_back_gives_no_grace(scene: Scene) -> None:
    """Refuses to start on a clock that is behind what the store has seen; the network makes it good."""
    await opened(scene)
    scene.time.advance(48 * HOUR)
    scene.cut()
    await opened(scene)
    scene.time.advance(-24 * HOUR)

    with pytest.raises(ClockTurnedBack):
        await opened(scene)
    scene.mend()

    assert await opened(scene) is State.ONLINE


async def test_a_clock_turned_back_after_a_run_gives_no_grace(scene: Scene) -> None:
    """Counts the hours of a run without a network: setting the clock back to its start does not begin them again."""
    await opened(scene)
    scene.cut()
    async with scene.session() as license:
        scene.time.advance(60 * HOUR)
        assert await license.check() is State.GRACE
    scene.time.advance(-60 * HOUR)

    with pytest.raises(ClockTurnedBack):
        await opened(scene)


@pytest.mark.parametrize("has_network", [True, False])
async def test_a_clock_turned_back_after_a_run_renews_no_file(scene: Scene, *, has_network: bool) -> None:
    """Counts the hours of a run with an offline file too, whether the service answers or not."""
    scene.store.save(await scene.file())
    if not has_network:
        scene.cut()
    async with scene.session() as license:
        scene.time.advance(60 * HOUR)
        await license.check()
    scene.time.advance(-60 * HOUR)
    scene.cut()

    with pytest.raises(ClockTurnedBack):
        await opened(scene)


async def test_an_answer_sets_the_clock_of_an_offline_file_right(scene: Scene) -> None:
    """Starts from an offline file again after a clock that was once ahead, once the service has said the time."""
    scene.store.save(await scene.file())
    scene.time.advance(24 * HOUR)
    scene.cut()
    assert await opened(scene) is State.OFFLINE
    scene.time.advance(-24 * HOUR)
    scene.mend()
    await opened(scene)
    scene.cut()

    assert await opened(scene) is State.OFFLINE


async def test_without_a_grace_there_is_none(scene: Scene) -> None:
    """Raises the network's error when no grace was chosen, or nothing is stored, and says so."""
    scene.cut()
    with pytest.raises(ConnectionLost) as nothing:
        await opened(scene)
    assert "no license is stored" in nothing.value.__notes__[-1]
    scene.mend()
    await opened(scene)
    scene.cut()

    with pytest.raises(ConnectionLost) as none:
        await opened(scene, grace=None)
    assert "or there is none" in none.value.__notes__[-1]


async def test_a_refusal_is_never_overruled(scene: Scene) -> None:
    """A no ends what is known, and what is stored with it: cutting the network afterwards brings nothing back."""
    async with scene.session() as license:
        scene.license.blacklist(DEVICE)
        assert await license.check() is State.REFUSED
        decision = license.allows("export")
        assert (decision.allowed, decision.code) == (False, "blacklisted")
        assert license.lost is not None
        assert license.lost.reason == "blacklisted"
        scene.cut()
        assert await license.check() is State.REFUSED

    with pytest.raises(ConnectionLost):
        await opened(scene)
    scene.mend()
    with pytest.raises(Blacklisted):
        await opened(scene)


async def test_a_refusal_is_not_overtaken_by_a_stored_file(scene: Scene) -> None:
    """Stays refused although a use that got no answer looks into the store just then, and finds an offline file."""
    scene.store.save(await scene.file())
    looking, go_on = threading.Event(), threading.Event()

    class Slow(LicenseStore):
        def holds_offline(self) -> bool:
            if line.mode == "cut":
                looking.set()
                assert go_on.wait(30)
            return super().holds_offline()

    line, client = scene.line()
    store = Slow(scene.path, secret=SECRET, clock=scene.time.clock)
    consumed = anyio.Event()

    async def consume() -> None:
        with pytest.raises(LicenseSpringError):
            await license.consume()
        consumed.set()

    async with scene.session(client=client, store=store) as license, anyio.create_task_group() as group:
        line.mode = "cut"
        group.start_soon(consume)
        assert await anyio.to_thread.run_sync(looking.wait, 30)
        line.mode = "up"
        scene.license.blacklist(DEVICE)
        assert await license.check() is State.REFUSED
        go_on.set()
        await consumed.wait()
        assert (license.state, bool(license.allows())) == (State.REFUSED, False)


async def test_a_refusal_ends_no_other_license(scene: Scene) -> None:
    """Keeps the stored license when another key is refused, such as a misspelled one."""
    await opened(scene)
    with pytest.raises(LicenseNotFound):
        await opened(scene, license_key="AAAA-BBBB-CCCC-DDDE")
    scene.cut()

    assert await opened(scene) is State.GRACE


async def test_what_is_no_outage_gives_no_grace(scene: Scene) -> None:
    """Does not take forged answers for a service that is away."""
    await opened(scene)
    forger = Signer()

    with pytest.raises(SignatureError):
        await opened(scene, client=scene.client(public_key=forger.public_key))


async def test_a_session_checks_by_itself(scene: Scene) -> None:
    """Hears of a loss without being asked, and tells the program why; and of the end of the loss."""
    async with scene.session() as license:
        scene.license.enabled = False
        await scene.time.advance_a_sleeper(HOUR)
        change = await scene.changes.until(State.REFUSED)
        assert (change.before, change.reason) == (State.ONLINE, "license_not_enabled")

        scene.license.enabled = True
        await scene.time.advance_a_sleeper(HOUR)
        await scene.changes.until(State.ONLINE)
        assert license.lost is None


async def test_grace_begins_and_ends_while_a_program_runs(scene: Scene) -> None:
    """Goes from online to grace with the first check that is not answered, and lapses when the grace is over."""
    async with scene.session() as license:
        scene.cut()
        assert await license.check() is State.GRACE
        scene.time.advance(72 * HOUR)
        assert license.allows("export").code == "grace_over"
        assert license.state is State.LAPSED
        scene.mend()
        assert await license.check() is State.ONLINE


async def test_an_offline_file_stands_without_a_network(scene: Scene) -> None:
    """Opens from an offline file years later, without grace; on another device the file is refused."""
    scene.store.save(await scene.file())
    scene.cut()
    scene.time.advance(5 * 365 * 24 * HOUR)

    async with scene.session(grace=None) as license:
        assert license.state is State.OFFLINE
        assert license.allows("export")
        assert await license.check() is State.OFFLINE

    with pytest.raises(AnswerMismatch):
        await opened(scene, hardware_id="device-2")


async def test_an_answer_does_not_replace_an_offline_file(scene: Scene) -> None:
    """Goes back to its offline file when the network goes, however long an online answer was all it knew."""
    scene.store.save(await scene.file())
    async with scene.session(grace=None) as license:
        assert license.state is State.ONLINE
        scene.cut()
        assert await license.check() is State.OFFLINE


async def test_a_refresh_file_is_taken(scene: Scene) -> None:
    """Takes a file in place of what is stored; a damaged one, or another device's, changes nothing."""
    await opened(scene)
    text, others = await scene.file(), await scene.file("device-2")
    scene.cut()
    async with scene.session() as license:
        before = scene.path.read_bytes()
        for wrong in (text[:-8], others):
            with pytest.raises(LicenseSpringError):
                await license.refresh(wrong)
        assert (license.state, scene.path.read_bytes()) == (State.GRACE, before)

        assert await license.refresh(text) is State.OFFLINE
    scene.time.advance(1000 * HOUR)
    assert await opened(scene) is State.OFFLINE


async def test_a_file_for_another_key_is_refused(scene: Scene) -> None:
    """Takes no file for another key: uses that its license allows would be sent, and charged, to this one."""
    scene.product.add_license(key="ANOTHER-KEY", allow_offline_activation=True)
    text = await scene.file(key="ANOTHER-KEY")
    async with scene.session() as license:
        with pytest.raises(AnswerMismatch, match="another license key or user"):
            await license.refresh(text)
        assert license.state is State.ONLINE
    scene.store.save(text)
    scene.cut()
    with pytest.raises(ConnectionLost) as caught:
        async with scene.session():
            pass
    assert "another key or user" in caught.value.__notes__[-1]
    async with scene.session(license_key="ANOTHER-KEY") as license:
        assert license.state is State.OFFLINE


async def test_a_file_needs_a_store_and_credentials(scene: Scene) -> None:
    """Says what is missing to take a file."""
    async with scene.session(store=None) as license:
        with pytest.raises(ConfigurationError, match="store / auth: a file needs"):
            await license.refresh("file")


async def test_deactivating_leaves_nothing(scene: Scene) -> None:
    """Gives the activation back, empties the store, and stays deactivated whatever is asked."""
    text = await scene.file()
    async with scene.session() as license:
        scene.cut()
        with pytest.raises(ConnectionLost):
            await license.deactivate()
        assert license.allows()
        scene.mend()

        await license.deactivate()

        assert (license.state, license.allows("export").allowed) == (State.DEACTIVATED, False)
        assert await license.check() is State.DEACTIVATED
        assert await license.refresh(text) is State.DEACTIVATED
    assert scene.license.times_activated == 0
    with pytest.raises(NothingStored):
        scene.store.load(hardware_id=DEVICE, product="CAD")


async def test_a_renewed_license_does_not_expire(tmp_path: Path) -> None:
    """Asks when a license ends, so that one that was renewed since the last check goes on without a break."""
    end = datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(minutes=10)
    scene = Scene(tmp_path / "license", terms={"validity_period": end})
    async with scene.session(store=None) as license:
        scene.license.validity_period = end + timedelta(days=30)
        await scene.time.advance_a_sleeper(600)
        await anyio.wait_all_tasks_blocked()
        assert license.state is State.ONLINE
    assert [each.state for each in scene.changes.all] == [State.ONLINE]


async def test_an_answer_sets_a_clock_that_was_ahead_right(tmp_path: Path) -> None:
    """Goes on after a clock that was ahead for a while, once the service has said the time; not before."""
    end = datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(days=30)
    scene = Scene(tmp_path / "license", terms={"validity_period": end})
    ahead = 0.0
    clock = attrs.evolve(scene.time.clock, time=lambda: scene.time.now + ahead)
    async with scene.session(store=None, clock=clock, client=scene.client(clock=clock)) as license:
        ahead = 365 * 24 * HOUR
        assert license.state is State.EXPIRED
        ahead = 0.0
        assert license.state is State.EXPIRED

        assert await license.check() is State.ONLINE


async def test_a_machine_that_slept_asks_soon(scene: Scene) -> None:
    """Asks within a minute after a sleep, in which the time went on but no timer, and not when the check is due."""
    awake = scene.time.now
    clock = attrs.evolve(scene.time.clock, monotonic=lambda: scene.time.now - scene.time.slept)
    async with scene.session(grace=None, store=None, clock=clock, client=scene.client(clock=clock)) as license:
        await anyio.wait_all_tasks_blocked()
        scene.time.sleep_through(8 * HOUR)
        assert not license.allows()
        await scene.time.advance_a_sleeper(60)
        await anyio.wait_all_tasks_blocked()
        assert license.allows()
    assert scene.time.now == awake + 8 * HOUR + 60


async def test_an_expired_license_opens_nothing(tmp_path: Path) -> None:
    """Ends with the license, by the clock alone; and does not open afterwards, in whatever grace."""
    end = datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(hours=10)
    scene = Scene(tmp_path / "license", terms={"validity_period": end})
    async with scene.session() as license:
        scene.cut()
        await scene.time.advance_a_sleeper(10 * HOUR)
        change = await scene.changes.until(State.EXPIRED)
        assert (change.reason, license.allows("export").code) == ("license_expired", "license_expired")

    with pytest.raises(LicenseUnusable, match="the license is expired: license_expired"):
        await opened(scene)


async def test_a_damaged_store_is_not_passed_over(scene: Scene) -> None:
    """Raises, online and offline alike, and leaves the damaged file for the program to decide about."""
    scene.path.write_bytes(b"damaged")
    for _ in range(2):
        with pytest.raises(StoreDamaged):
            await opened(scene)
        scene.cut()
    assert scene.path.read_bytes() == b"damaged"


async def test_a_store_that_cannot_be_written_ends_no_license(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Holds a license through a full disk, as the service and the store say, and logs what could not be stored."""
    await opened(scene)
    lock = scene.path.with_name("license.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()

    async with scene.session() as license:
        assert await license.check() is State.ONLINE
        scene.time.advance(HOUR)
        scene.cut()
        assert await license.check() is State.GRACE
    assert await opened(scene) is State.GRACE
    assert "the license of CAD could not be stored" in caplog.text
    scene.mend()
    scene.license.blacklist(DEVICE)
    with pytest.raises(Blacklisted):
        await opened(scene)


async def test_a_damaged_store_keeps_no_refusal_away(scene: Scene) -> None:
    """Asks the service, and hears its no, although the store was damaged while the program ran."""
    async with scene.session() as license:
        scene.path.write_bytes(b"damaged")
        scene.license.enabled = False
        assert await license.check() is State.REFUSED
        scene.license.enabled = True
        with pytest.raises(StoreDamaged):
            await license.check()


async def test_an_error_of_the_program_leaves_as_it_is(scene: Scene) -> None:
    """Ends the session with the block, and wraps nothing."""
    with pytest.raises(KeyError):
        async with scene.session():
            raise KeyError
    assert scene.time.sleepers == []


async def test_a_cancelled_program_leaves_no_task(scene: Scene) -> None:
    """Ends its checks with the block also when that is cancelled."""
    with anyio.CancelScope() as scope:
        async with scene.session():
            scope.cancel()
            await anyio.sleep_forever()
    assert scene.time.sleepers == []


async def test_a_callback_that_fails_ends_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Logs each change without the key, and that the callback failed."""

    def fail(change: object) -> None:
        raise ValueError

    with caplog.at_level(logging.INFO, "licensespring_async.services"):
        assert await opened(scene, on_change=fail) is State.ONLINE
    assert [each.getMessage() for each in caplog.records] == [
        "the license of CAD is now online: ok",
        "on_change failed: ValueError",
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"check_every": 0}, "check_every"),
        ({"jitter": 1}, "jitter"),
        ({"username": "ana"}, "license_key / username"),
        ({"license_key": None, "username": "ana"}, "password"),
        ({"product": ""}, "product"),
        ({"features": "render"}, "features: must be several codes, for example \\['render'\\]"),
        ({"features": None}, "features: must be codes of features, not NoneType"),
        ({"on_change": anyio.sleep}, "on_change: must be a plain function; it is called, but not awaited"),
        ({"on_change": 5}, "on_change: must be a plain function"),
        ({"store": "license"}, "store: must be a LicenseStore, for example LicenseStore\\('license'\\)"),
        ({"grace": 72}, "grace: must be a Grace, for example Grace\\(hours=72\\)"),
        ({"grace": Grace(hours=1, store=object(), secret=b"x" * 16)}, "grace"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_cannot_work_is_refused(scene: Scene, options: dict[str, Any], problem: str) -> None:
    """Names the argument before anything is asked."""
    with pytest.raises(ConfigurationError, match=problem):
        scene.session(**options)


def test_a_session_is_open_before_it_is_asked(scene: Scene) -> None:
    """Says how a session is used when it is asked before."""
    with pytest.raises(ConfigurationError, match="never open"):
        scene.session().allows()


async def test_a_floating_slot_is_not_taken_for_granted(tmp_path: Path) -> None:
    """Renews the slot of a floating license in time, and stands without the service only for the slot's time-out."""
    scene = Scene(tmp_path / "license", terms={"floating_users": 1, "floating_timeout": 10})
    async with scene.session() as license:
        for _ in range(4):
            await scene.time.advance_a_sleeper(300)
        await scene.time.advance_a_sleeper(0)
        assert license.state is State.ONLINE
        scene.cut()
        scene.time.advance(600)
        assert license.allows().code == "grace_over"

    with pytest.raises(ConnectionLost):
        await opened(scene)


@pytest.mark.parametrize("minutes", [None, 0, -5])
def test_a_slot_stands_for_a_minute_at_least(minutes: int | None) -> None:
    """Takes a time-out that says nothing for the shortest possible, as a gate does: never checks without a pause."""
    license = structure(bodies.license(is_floating_cloud=True, floating_timeout=minutes), License)

    assert slot_seconds(license) == 60.0


def test_a_borrowing_that_is_over_ends_no_answer() -> None:
    """Believes the service's yes although the answer still names a borrowing that is over."""
    fields = bodies.license(
        is_floating_cloud=True, floating_timeout=10, is_borrowed=True, borrowed_until="2026-01-01T00:00:00.000Z"
    )
    came_at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    standing = Standing.of_answer(structure(fields, License), came_at, fresh=2 * HOUR, grace=0)

    assert standing.at(came_at) == (State.ONLINE, "ok")
    assert standing.stands_until == came_at + 600


@pytest.mark.parametrize("state", State)
def test_a_state_that_is_no_yes_is_false(state: State) -> None:
    """Keeps `if await session.check():` from being true for a refusal."""
    assert bool(state) is state.is_usable
