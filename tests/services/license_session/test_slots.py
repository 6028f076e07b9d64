"""A session holds floating slots, of its license and of features: renewed, given back once, and borrowed for a time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from licensespring_async import (
    BorrowUntilNotValid,
    ConnectionLost,
    FloatingNotAvailable,
    LicenseEvent,
    LicenseSpringError,
)
from licensespring_async.sandbox import Fault
from licensespring_async.services import LicenseUnusable, State

from .scenes import DEVICE, HOUR, KEY, Scene

pytestmark = pytest.mark.anyio


def floating(path: Path) -> Scene:
    """One slot of the license for 10 minutes, and one of its feature."""
    scene = Scene(
        path / "license",
        terms={"floating_users": 1, "floating_timeout": 10, "can_borrow": True, "max_borrow_time": 48},
    )
    scene.license.add_feature("render", floating_users=1, floating_timeout=10, can_borrow=True, max_borrow_time=48)
    return scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return floating(tmp_path)


def in_use(scene: Scene, ahead: float = 0) -> tuple[int, int]:
    """The slots in use some seconds ahead, if nothing is renewed: of the license, and of its feature."""
    now = datetime.fromtimestamp(scene.time.now + ahead, UTC)
    own, render = scene.license.slots, scene.license.features["render"].slots
    assert own is not None
    assert render is not None
    return own.in_use(now), render.in_use(now)


async def test_slots_are_held_and_given_back(scene: Scene) -> None:
    """Holds the slots of the license and of the features that it was told to, and releases each once at the end."""
    # Without a store no thread is waited for, so that all is done between two moments.
    async with scene.session(features=["render"], store=None) as license:
        assert in_use(scene) == (1, 1)
        assert license.allows("render")
        for _ in range(24):
            await anyio.wait_all_tasks_blocked()
            await scene.time.advance_a_sleeper(50)
        assert in_use(scene) == (1, 1)
        assert scene.changes.all[-1].state is State.ONLINE
    assert in_use(scene) == (0, 0)


async def test_a_lease_goes_on_when_the_session_ends(scene: Scene) -> None:
    """Leaves the slot to a lease of the same client that still holds it."""
    scene.license.activate(DEVICE)
    client = scene.client()
    async with client.license_lease(product="CAD", hardware_id=DEVICE, license_key=KEY) as lease:
        async with scene.session(client=client):
            pass
        assert in_use(scene)[0] == 1
        assert not lease.lost.is_set()
    assert in_use(scene)[0] == 0


async def test_a_license_that_cannot_be_used_keeps_no_slot(tmp_path: Path) -> None:
    """Releases the slot that the service gave with an answer that is no yes."""
    scene = Scene(tmp_path / "license", terms={"floating_users": 1, "floating_timeout": 10})
    scene.license.activate(DEVICE)
    scene.license.start_date = datetime.fromtimestamp(1_800_000_000 + 600, UTC)
    with pytest.raises(LicenseUnusable):
        async with scene.session():
            pass
    own = scene.license.slots
    assert own is not None
    assert own.in_use(datetime.fromtimestamp(scene.time.now, UTC)) == 0


async def test_a_cancelled_start_keeps_a_borrowed_slot(scene: Scene) -> None:
    """Releases nothing when a start is cancelled: the device may have borrowed its slot before."""
    async with scene.session() as license:
        await license.borrow()
    line, client = scene.line()
    line.held = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(scene.session(client=client).__aenter__)
        with anyio.fail_after(30):
            await line.holding.wait()
        group.cancel_scope.cancel()
    assert in_use(scene, ahead=24 * HOUR)[0] == 1


async def test_a_slot_that_another_device_has_is_refused(scene: Scene) -> None:
    """Raises the refusal of the license's slot, and leaves the other device's alone."""
    scene.license.activate("device-2")
    client = scene.client()
    async with client.license_lease(product="CAD", hardware_id="device-2", license_key=KEY):
        with pytest.raises(FloatingNotAvailable):
            async with scene.session():
                pass
        assert in_use(scene)[0] == 1


async def test_a_feature_is_taken_when_it_becomes_free(tmp_path: Path) -> None:
    """Opens without a feature that another device holds, says why it may not be used, and takes it later."""
    scene = Scene(tmp_path / "license")
    scene.license.add_feature("render", floating_users=1, floating_timeout=10)
    scene.license.activate("device-2")
    events: list[object] = []
    client = scene.client(hooks=[events.append])
    other = scene.client()
    who: dict[str, Any] = {"product": "CAD", "feature": "render", "hardware_id": "device-2", "license_key": KEY}
    await other.check_license_feature(**who)
    async with scene.session(client=client, features=["render"]) as license:
        assert license.state is State.ONLINE
        assert license.allows("render").code == "floating_not_available"
        assert not license.is_undecided("render")
        await other.release_floating_feature(**who)
        assert await license.check() is State.ONLINE
        with anyio.fail_after(30):
            while not license.allows("render"):
                await scene.changes.heard.wait()

    told = [(each.state, each.reason) for each in scene.changes.all if each.feature == "render"]
    assert told == [(State.REFUSED, "floating_not_available"), (State.ONLINE, "ok")]
    assert [each for each in events if isinstance(each, LicenseEvent)] == [
        LicenseEvent(product="CAD", feature=None, before=None, state="online", reason="ok"),
        LicenseEvent(product="CAD", feature="render", before=None, state="refused", reason="floating_not_available"),
        LicenseEvent(product="CAD", feature="render", before="refused", state="online", reason="ok"),
    ]


async def test_a_feature_that_cannot_be_renewed_is_lost(tmp_path: Path) -> None:
    """Says no once the slot of a feature has lapsed, although the license still stands in its grace."""
    scene = Scene(tmp_path / "license")
    scene.license.add_feature("render", floating_users=1, floating_timeout=10)
    async with scene.session(features=["render"]) as license:
        scene.cut()
        for _ in range(8):
            await scene.time.advance_a_sleeper(100)
        with anyio.fail_after(30):
            while license.allows("render"):
                await scene.changes.heard.wait()
        assert license.is_undecided("render")
        assert license.allows("export")
        assert not license.is_undecided("export")
        assert scene.changes.all[-1].feature == "render"
        assert scene.changes.all[-1].state is State.LAPSED


async def test_a_borrowed_slot_needs_no_service(scene: Scene) -> None:
    """Stands for the time that it was borrowed for, over restarts and without a grace, and no longer."""
    until = datetime.fromtimestamp(scene.time.now + 24 * HOUR, UTC)
    async with scene.session(grace=None) as license:
        borrowing = await license.borrow(until)
        assert borrowing.borrowed_until == until
    assert in_use(scene)[0] == 1
    scene.cut()
    scene.time.advance(24 * HOUR - 1)
    async with scene.session(grace=None) as license:
        assert (license.state, bool(license.allows("export"))) == (State.BORROWED, True)
        scene.time.advance(1)
        assert not license.allows()
    with pytest.raises(ConnectionLost):
        async with scene.session(grace=None):
            pass


async def test_a_slot_is_taken_normally_when_its_borrowing_ends(scene: Scene) -> None:
    """Asks at once when a borrowing ends, instead of saying no until the next check although the service says yes."""
    async with scene.session(grace=None, store=None) as license:
        await anyio.wait_all_tasks_blocked()
        await license.borrow(datetime.fromtimestamp(scene.time.now + 100, UTC))
        for _ in range(2):
            await anyio.wait_all_tasks_blocked()
            await scene.time.advance_a_sleeper(60)
        await anyio.wait_all_tasks_blocked()
        assert (license.state, license.license.is_borrowed) == (State.ONLINE, False)
    assert {each.state for each in scene.changes.all} == {State.ONLINE}


async def test_a_borrowed_slot_is_given_back(scene: Scene) -> None:
    """Gives a borrowed slot back, and holds it as a usual one until the session ends."""
    async with scene.session() as license:
        with pytest.raises(BorrowUntilNotValid):
            await license.borrow(datetime.fromtimestamp(scene.time.now + 100 * HOUR, UTC))
        await license.borrow()
        assert license.license.is_borrowed is True
        await license.give_back()
        assert in_use(scene, ahead=11 * 60)[0] == 0
        assert in_use(scene)[0] == 1
    assert in_use(scene)[0] == 0


@pytest.mark.parametrize(
    "fault",
    [Fault(effect="error", status=503, path="*/check_license"), Fault(effect="reset", path="*/release")],
    ids=["no check", "no answer"],
)
async def test_a_slot_that_was_given_back_is_not_held(scene: Scene, fault: Fault) -> None:
    """Stands no longer for the time of a borrowing that was given back, if the slot could not be taken again."""
    async with scene.session(grace=None) as license:
        await license.borrow()
        scene.sandbox.faults.add(fault)
        with pytest.raises(LicenseSpringError):
            await license.give_back()
        assert in_use(scene)[0] == 0
        assert (license.state, bool(license.allows("export"))) == (State.LAPSED, False)
        assert license.license.is_borrowed is False
    scene.mend()
    scene.cut()
    with pytest.raises(ConnectionLost):
        async with scene.session(grace=None):
            pass


async def test_a_cancelled_return_keeps_no_slot(scene: Scene) -> None:
    """Releases the slot that was taken normally after a borrowing, although the answer never came."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        await license.borrow()
        line.held = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(license.give_back)
            with anyio.fail_after(30):
                await line.holding.wait()
            group.cancel_scope.cancel()
    assert in_use(scene)[0] == 0


async def test_a_cancelled_borrowing_is_kept(scene: Scene) -> None:
    """Releases no slot that was borrowed, although the program was cancelled during the check that follows."""
    line, client = scene.line()
    with anyio.CancelScope() as scope:
        async with scene.session(client=client) as license, anyio.create_task_group() as group:
            line.held = anyio.Event()
            group.start_soon(license.borrow)
            with anyio.fail_after(30):
                await line.holding.wait()
            scope.cancel()
    assert in_use(scene, ahead=24 * HOUR)[0] == 1


async def test_deactivating_leaves_no_slot_to_complain_about(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Does not log that a slot was not released: the slots of a deactivated device are free."""
    async with scene.session(features=["render"]) as license:
        await license.deactivate()
    assert in_use(scene) == (0, 0)
    assert "not released" not in caplog.text


async def test_a_borrowed_feature_outlives_its_lease(scene: Scene) -> None:
    """Allows a borrowed feature for its time although its slot cannot be renewed."""
    async with scene.session(features=["render"]) as license:
        await license.borrow()
        borrowing = await license.borrow(feature="render")
        assert borrowing.borrowed_until is not None
        scene.cut()
        for _ in range(8):
            await scene.time.advance_a_sleeper(100)
        with anyio.fail_after(30):
            while not any(each.feature and each.state is State.LAPSED for each in scene.changes.all):
                await scene.changes.heard.wait()
        assert license.allows("render")
        scene.time.advance(48 * HOUR)
        assert not license.allows("render")
        scene.mend()
        await license.check()
        await license.give_back(feature="render")


async def test_a_borrowed_feature_is_kept_when_the_session_ends(scene: Scene) -> None:
    """Releases no slot of a feature that was borrowed after it was last renewed."""
    async with scene.session(features=["render"]) as license:
        await license.borrow(feature="render")
    assert in_use(scene, ahead=24 * HOUR) == (0, 1)


async def test_a_feature_whose_borrowing_is_over_is_given_back(scene: Scene) -> None:
    """Releases the slot of a feature that was borrowed before, and is held by renewals since."""
    async with scene.session(features=["render"], store=None) as license:
        await license.borrow(datetime.fromtimestamp(scene.time.now + 100, UTC), feature="render")
        for _ in range(8):
            await anyio.wait_all_tasks_blocked()
            await scene.time.advance_a_sleeper(50)
        assert in_use(scene, ahead=60) == (1, 1)
    assert in_use(scene) == (0, 0)


async def test_a_borrowed_license_is_kept_when_the_next_check_fails(scene: Scene) -> None:
    """Releases no slot that was borrowed, although no check has been answered since."""
    async with scene.session() as license:
        scene.sandbox.faults.add(Fault(effect="reset", path="*/check_license"))
        with pytest.raises(ConnectionLost):
            await license.borrow()
        scene.mend()
    assert in_use(scene, ahead=24 * HOUR)[0] == 1


async def test_a_feature_that_may_have_been_given_back_is_released(scene: Scene) -> None:
    """Releases the slot of a feature at the end, although the answer to its return was lost."""
    async with scene.session(features=["render"]) as license:
        await license.borrow(feature="render")
        scene.sandbox.faults.add(Fault(effect="reset", path="*/feature_release"))
        with pytest.raises(ConnectionLost):
            await license.give_back(feature="render")
        scene.mend()
        await scene.time.advance_a_sleeper(400)
        await anyio.wait_all_tasks_blocked()
    assert in_use(scene) == (0, 0)


async def test_a_feature_that_was_given_back_is_taken_normally(scene: Scene) -> None:
    """Takes the slot of a held feature at once after a borrowing, and releases it at the end."""
    async with scene.session(features=["render"]) as license:
        await license.borrow(feature="render")
        await license.give_back(feature="render")
        assert in_use(scene) == (1, 1)
        assert in_use(scene, ahead=11 * 60)[1] == 0
    assert in_use(scene) == (0, 0)


async def test_a_session_that_ended_asks_nothing(scene: Scene) -> None:
    """Refuses to take a slot that nobody would give back, and allows nothing by the slot that it gave back."""
    async with scene.session() as license:
        pass
    with pytest.raises(LicenseSpringError, match="not open"):
        await license.check()
    with pytest.raises(LicenseSpringError, match="not open"):
        license.allows()
