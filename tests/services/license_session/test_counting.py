"""Uses are counted once: by the service, or here until it is back; what is in doubt is listed and never sent again."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from licensespring_async import (
    ApiError,
    ConnectionFailed,
    ConnectionLost,
    DoubtEvent,
    FeatureNotEnoughConsumptions,
    LicenseNotConsumption,
    LicenseNotEnabled,
    LicenseNotEnoughConsumptions,
    LicenseSpring,
    LicenseSpringError,
    NegativeConsumptionsNotAllowed,
    UnsupportedProductFeature,
)
from licensespring_async.offline import Doubt, NothingStored, StoreUnusable, Uses, UsesOfAnother, UseUnknown
from licensespring_async.sandbox import Consumption, Fault
from licensespring_async.services import LicenseSession, LicenseUnusable, State, UsesKept
from licensespring_async.transport import Engine, HttpRequest, HttpResponse

from .scenes import HOUR, Crash, Line, Scene

pytestmark = pytest.mark.anyio


def counted(path: Path, maximum: int = 10, **terms: Any) -> Scene:
    """A license for 10 uses, with a feature for 4 of its own."""
    scene = Scene(path / "license", terms={"consumption": Consumption(maximum=maximum, **terms)})
    scene.license.add_feature("scan", consumption=Consumption(maximum=4))
    return scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return counted(tmp_path)


def totals(scene: Scene) -> tuple[int, int]:
    """What the service has counted: of the license, and of its feature."""
    own, scan = scene.license.consumption, scene.license.features["scan"].consumption
    assert own is not None
    assert scan is not None
    return own.total, scan.total


async def test_online_a_use_is_one_call(scene: Scene) -> None:
    """Counts by the service, and leaves nothing behind; a refusal counts nothing."""
    async with scene.session() as license:
        use = await license.consume(3)
        scan = await license.consume(feature="scan")
        assert (use.is_settled, use.left, scan.is_settled, scan.left) == (True, 7, True, 3)
        with pytest.raises(LicenseNotEnoughConsumptions):
            await license.consume(8)
        with pytest.raises(FeatureNotEnoughConsumptions):
            await license.consume(4, feature="scan")
        assert await license.uses() == Uses()
    assert totals(scene) == (3, 1)


async def test_offline_uses_are_kept_and_sent_once(scene: Scene) -> None:
    """Keeps what is consumed while the service is away, over restarts, and sends it with the next check."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        await license.consume(1)
        line.mode = "cut"
        kept = [await license.consume(2), await license.consume(2), await license.consume(3, feature="scan")]
        assert [(each.is_settled, each.left) for each in kept] == [(False, 7), (False, 5), (False, 1)]
        assert license.state is State.GRACE
    async with scene.session(client=client) as license:
        assert (await license.uses()).kept == {"": 4, "scan": 3}
        assert totals(scene) == (1, 0)
        line.mode = "up"
        for _ in range(2):
            assert await license.check() is State.ONLINE
            assert totals(scene) == (5, 3)
        assert await license.uses() == Uses()
        assert (await license.consume(5)).left == 0


async def test_the_service_is_asked_again_soon(scene: Scene) -> None:
    """Asks a silent service again after a minute, and sends what was kept meanwhile."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        await license.check()
        await license.consume(2)
        line.mode = "up"
        await scene.time.advance_a_sleeper(HOUR)
        await scene.changes.until(State.ONLINE)
        await scene.time.advance_a_sleeper(0)
    assert totals(scene) == (2, 0)


async def test_offline_no_more_is_kept_than_is_left(tmp_path: Path) -> None:
    """Keeps uses up to the maximum and the allowed overages, counting what the service has counted since its answer."""
    scene = counted(tmp_path, maximum=10, allow_overages=True, max_overages=2)
    line, client = scene.line()
    async with scene.session(client=client) as license:
        await license.consume(5)
        line.mode = "cut"
        await license.consume(6)
        with pytest.raises(LicenseNotEnoughConsumptions, match="1 are left"):
            await license.consume(2)
        assert (await license.consume(1)).left == 0
        with pytest.raises(NegativeConsumptionsNotAllowed):
            await license.consume(-1)
        with pytest.raises(UnsupportedProductFeature):
            await license.consume(feature="export")
        line.mode = "up"
        await license.check()
    assert totals(scene) == (12, 0)


async def test_a_use_during_a_check_is_not_forgotten(scene: Scene) -> None:
    """Takes a use off what is left that was counted while a check was under way, whose answer does not know of it."""
    line, client = scene.line()
    async with scene.session(client=client) as license, anyio.create_task_group() as group:
        held = line.held = anyio.Event()
        group.start_soon(license.check)
        with anyio.fail_after(30):
            await line.holding.wait()
        await license.consume(8)
        held.set()
    line.mode = "cut"
    async with scene.session(client=client) as license:
        with pytest.raises(LicenseNotEnoughConsumptions, match="2 are left"):
            await license.consume(3)


async def test_uses_of_another_key_are_never_sent(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Neither sends what was kept for another key, nor mixes more with it; a session of that key sends it."""
    other = scene.product.add_license(key="ANOTHER-KEY", consumption=Consumption(maximum=10))
    async with scene.session() as license:
        scene.cut()
        await license.check()
        await license.consume(2)
    scene.mend()

    async with scene.session(license_key="ANOTHER-KEY") as license:
        assert "uses of another license key" in caplog.text
        with pytest.raises(UsesOfAnother):
            await license.consume(1)
    assert other.consumption is not None
    assert (other.consumption.total, totals(scene)) == (0, (0, 0))

    async with scene.session():
        assert totals(scene) == (2, 0)


async def test_a_license_without_a_limit_keeps_any_number(tmp_path: Path) -> None:
    """Knows no end where the license has none."""
    scene = counted(tmp_path, unlimited=True, allow_negative=True)
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        assert (await license.consume(10**6)).left is None
        assert (await license.consume(-1)).left is None
        assert (await license.uses()).kept == {"": 999_999}


async def test_what_counts_no_uses_keeps_none(tmp_path: Path) -> None:
    """Refuses uses of a license that is not counted, online and offline alike."""
    scene = Scene(tmp_path / "license")
    line, client = scene.line()
    async with scene.session(client=client) as license:
        for mode in ("up", "cut"):
            line.mode = mode
            with pytest.raises(LicenseNotConsumption):
                await license.consume()
        assert await license.uses() == Uses()


@pytest.mark.parametrize("mode", ["lost", "dead"])
async def test_what_is_in_doubt_is_listed_and_not_sent_again(scene: Scene, mode: str) -> None:
    """Raises what is in doubt, tells hooks, lists it over restarts, and leaves the rest to whoever knows."""
    line, client = scene.line()
    events: list[object] = []
    client = client.with_options(hooks=[events.append])
    async with scene.session(client=client) as license:
        line.mode = mode
        with pytest.raises(ConnectionLost) as caught:
            await license.consume(2)
        assert caught.value.may_have_acted
    line.mode = "up"
    async with scene.session(client=client) as license:
        await license.check()
        (doubt,) = (await license.uses()).doubts
        assert attrs.evolve(doubt, id="") == Doubt(id="", feature=None, consumptions=2, sent_at=int(scene.time.now))
        heard = [each for each in events if isinstance(each, DoubtEvent)]
        assert heard == [DoubtEvent(product="CAD", feature=None, consumptions=2, id=doubt.id)] * 2
        before = totals(scene)[0]
        assert before == (2 if mode == "lost" else 0)

        await license.resolve(doubt.id, was_counted=mode == "lost")
        await license.check()

        assert await license.uses() == Uses()
        assert totals(scene)[0] == 2
        with pytest.raises(UseUnknown):
            await license.resolve(doubt.id, was_counted=True)


async def test_a_lost_answer_leaves_kept_uses_in_doubt(scene: Scene) -> None:
    """Does not send kept uses a second time when the answer to the first is lost."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        await license.consume(2)
        line.mode = "up"
        scene.sandbox.faults.add(Fault(effect="reset", path="*/add_consumption", count=1))
        for _ in range(2):
            await license.check()
        uses = await license.uses()
        assert (uses.kept, [each.consumptions for each in uses.doubts]) == ({}, [2])
        assert totals(scene) == (2, 0)


async def test_what_the_service_refuses_stays_kept(scene: Scene) -> None:
    """Keeps uses that another device has used up meanwhile, says so, and sends what else there is."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        await license.consume(5)
        await license.consume(feature="scan")
        own = scene.license.consumption
        assert own is not None
        own.total = 8
        line.mode = "up"
        await license.check()
        assert (await license.uses()).kept == {"": 5}
        assert totals(scene) == (8, 1)
        with pytest.raises(UsesKept, match="5 kept uses"):
            await license.deactivate()
        assert scene.license.times_activated == 1
        own.total = 0
        await license.deactivate()
    assert totals(scene) == (5, 1)
    with pytest.raises(NothingStored):
        scene.store.load(hardware_id="device-1", product="CAD")
    assert not scene.path.exists()


async def test_a_refusal_of_the_license_keeps_the_uses(scene: Scene) -> None:
    """Counts nothing for a license that was refused, and sends what was kept once it may be used again."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        await license.consume(3)
        line.mode = "up"
        scene.license.enabled = False
        assert await license.check() is State.REFUSED
        with pytest.raises(LicenseUnusable):
            await license.consume()
        assert (await license.uses()).kept == {"": 3}
        with pytest.raises(NothingStored):
            scene.store.load(hardware_id="device-1", product="CAD")
        scene.license.enabled = True
        await license.check()
    assert totals(scene) == (3, 0)


@pytest.mark.parametrize("feature", [None, "scan"])
async def test_a_refusal_of_the_license_ends_the_session(scene: Scene, feature: str | None) -> None:
    """Stands no longer once the service refuses the license itself, not only the use; also after a restart."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        with pytest.raises(LicenseNotEnoughConsumptions):
            await license.consume(11)
        assert license.allows("scan")
        scene.license.enabled = False
        with pytest.raises(LicenseNotEnabled):
            await license.consume(feature=feature)
        assert (license.state, bool(license.allows("scan"))) == (State.REFUSED, False)
    line.mode = "cut"
    with pytest.raises(ConnectionFailed):
        async with scene.session(client=client):
            pass


async def test_without_a_store_uses_are_the_services(scene: Scene) -> None:
    """Keeps nothing where nothing can be kept: the error of the network is raised."""
    line, client = scene.line()
    async with scene.session(client=client, store=None) as license:
        assert (await license.consume()).is_settled
        line.mode = "cut"
        with pytest.raises(ConnectionFailed):
            await license.consume()
    assert totals(scene) == (1, 0)


async def test_kept_uses_wait_for_a_store_that_can_be_written(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Opens on a full disk, and sends kept uses only once it can note that it does; it counts no others meanwhile."""
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.mode = "cut"
        await license.consume(2)
    line.mode = "up"
    lock = scene.path.with_name("license.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()

    async with scene.session(client=client) as license:
        with pytest.raises(StoreUnusable):
            await license.consume(1)
        assert (totals(scene)[0], (await license.uses()).kept) == (0, {"": 2})
        assert "the sending of kept uses of CAD could not be stored" in caplog.text
        lock.rmdir()
        await license.check()
        assert (totals(scene)[0], await license.uses()) == (2, Uses())


async def test_what_the_service_has_counted_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Returns a use that the service has counted although the store fails just then; it stays listed as in doubt."""
    folder, away = tmp_path / "folder", tmp_path / "away"
    folder.mkdir()
    scene = counted(folder)
    line, client = scene.line()
    async with scene.session(client=client) as license:
        line.inner = Meanwhile(line.inner, lambda: folder.rename(away))
        use = await license.consume(2)
        away.rename(folder)
        assert (use.is_settled, use.left, totals(scene)[0]) == (True, 8, 2)
        (doubt,) = (await license.uses()).doubts
        assert doubt.consumptions == 2
        assert "2 uses of CAD are in doubt: counted, but StoreUnusable" in caplog.text


@attrs.define
class Meanwhile(Engine):
    """A network during whose call something happens."""

    inner: Engine
    happens: Callable[[], object]

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        answer = await self.inner.send(request, timeout)
        self.happens()
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


@attrs.define
class Walk:
    """A program that consumes, loses the network, crashes and starts again, as chance has it."""

    scene: Scene
    line: Line
    client: LicenseSpring
    chance: random.Random
    consumed: dict[str | None, int] = attrs.field(factory=lambda: {None: 0, "scan": 0})

    async def run(self, steps: int) -> LicenseSession:
        """Take some steps, and leave the program running with the network up."""
        while steps:
            async with AsyncExitStack() as stack:
                try:
                    license = await stack.enter_async_context(self.scene.session(client=self.client))
                    while steps:
                        steps -= 1
                        if self.chance.random() < 0.02:
                            break
                        await self.step(license)
                except Crash:
                    self.line.mode = "up"
                except LicenseSpringError:
                    # It could not start: the network was not there, and the first time nothing is stored.
                    self.line.mode, steps = "up", steps - 1
        return self.scene.session(client=self.client)

    async def step(self, license: LicenseSession) -> None:
        kind = self.chance.choices(["consume", "mode", "check"], [80, 15, 5])[0]
        if kind == "mode":
            self.line.mode = self.chance.choices(
                ["up", "cut", "lost", "dead", "crash", "early crash"], [50, 25, 10, 5, 5, 5]
            )[0]
        elif kind == "check":
            await license.check()
        else:
            await self.consume(license)

    async def consume(self, license: LicenseSession) -> None:
        number, feature = self.chance.choice([-1, 1, 1, 2, 3]), self.chance.choice([None, None, "scan"])
        unanswered = len(self.line.unanswered)
        try:
            await license.consume(number, feature=feature)
        except ApiError:
            return
        except (LicenseSpringError, Crash) as error:
            # It is listed as a doubt; whether the service has acted, nobody knows but the line.
            self.consumed[feature] += number if len(self.line.unanswered) > unanswered else 0
            if isinstance(error, Crash):
                raise
            return
        self.consumed[feature] += number


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the walk is the same on every loop
@pytest.mark.parametrize("steps", [600, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_what_is_settled_is_what_was_consumed(tmp_path: Path, steps: int) -> None:
    """Loses no use and counts none twice, whatever happens between: the doubts make up the whole difference."""
    scene = Scene(tmp_path / "license", terms={"consumption": Consumption(maximum=steps, allow_negative=True)})
    scene.license.add_feature("scan", consumption=Consumption(maximum=steps // 10, allow_negative=True))
    line, client = scene.line()
    walk = Walk(scene, line, client, random.Random(1403))
    session = await walk.run(steps)
    line.mode = "up"

    async with session as license:
        uses = await license.uses()
        assert uses.kept == {}
        # They are in the order in which they came about.
        assert len(uses.doubts) == len(line.unanswered) > steps // 100
        for doubt, (body, was_counted) in zip(uses.doubts, line.unanswered, strict=True):
            assert (doubt.feature, doubt.consumptions) == (body.get("feature"), body["consumptions"])
            await license.resolve(doubt.id, was_counted=was_counted)
        # What was not counted may no longer fit, and would rightly stay kept.
        scan = scene.license.features["scan"].consumption
        assert scan is not None
        scan.maximum = steps
        await license.check()
        assert await license.uses() == Uses()

    assert totals(scene) == (walk.consumed[None], walk.consumed["scan"])
    assert walk.consumed[None] > steps // 4
