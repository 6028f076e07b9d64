"""Leases of floating slots, on a virtual clock and against the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import attrs
import pytest

from licensespring_async import (
    Clock,
    ConnectionLost,
    FeatureExpired,
    FloatingNotAvailable,
    LeaseLost,
    LicenseExpired,
    LicenseNotActive,
    LicenseNotEnabled,
    LicenseRefused,
    LicenseSpring,
    LicenseSpringError,
)
from licensespring_async.checks import FeatureCheck, LicenseCheck
from licensespring_async.leases.renewal import Renewals
from licensespring_async.sandbox import Sandbox, World
from licensespring_async.transport import HttpRequest
from tests.fakes import CHECK, FEATURE, Play, ScriptedEngine, answer, client, http_date, refusal
from tests.transport import virtual
from tests.transport.virtual import Run
from tests.unit.bodies import encoded, license, product
from tests.unit.keys import Signer

FLOATING = {**FEATURE, "is_floating_cloud": True, "floating_users": 2, "floating_timeout": 10}


@attrs.define
class Service(ScriptedEngine):
    """Gives slots; fails or refuses from one moment to another; remembers when it was asked what."""

    seconds: float = 0.1
    feature: dict[str, object] = attrs.field(factory=lambda: dict(FLOATING))
    trouble: Callable[[float], Play | None] = lambda _: None
    first: Play | None = None
    release: Play = attrs.field(factory=lambda: answer(body=b""))
    checks: list[float] = attrs.field(factory=list[float])
    releases: list[float] = attrs.field(factory=list[float])

    def __attrs_post_init__(self) -> None:
        self.answers = [self.respond]

    def clock_at_end(self) -> float:
        """Seconds that have passed since the first check went out."""
        return anyio.current_time() - self.times[0]

    def respond(self, request: HttpRequest) -> Play:
        now = anyio.current_time()
        if request.method == "POST":
            self.releases.append(now)
            return self.release
        self.checks.append(now)
        return (self.trouble(now) if len(self.checks) > 1 else self.first) or answer(body=self.feature)


def lease_client(service: Service) -> LicenseSpring:
    return client(service, virtual.clock())


def between(start: float, end: float, play: Exception) -> Callable[[float], Exception | None]:
    first: list[float] = []

    def trouble(now: float) -> Exception | None:
        first.append(now)
        return play if start <= now - first[0] < end else None

    return trouble


def test_the_slot_is_renewed_and_released_once(run: Run) -> None:
    """Renews well inside the time-out, and releases exactly once at the end."""

    async def main() -> None:
        service = Service()
        async with lease_client(service) as c, c.feature_lease(**CHECK) as lease:
            await anyio.sleep(3600)
            assert not lease.lost.is_set()
        gaps = [b - a for a, b in zip(service.checks, service.checks[1:], strict=False)]
        assert max(gaps) <= 361
        assert len(service.checks) >= 10
        assert len(service.releases) == 1

    run(main)


def test_a_feature_that_does_not_float_is_only_checked(run: Run) -> None:
    """Neither renews nor releases a feature without slots."""

    async def main() -> None:
        service = Service(feature=FEATURE)
        async with lease_client(service) as c, c.feature_lease(**CHECK):
            await anyio.sleep(3600)
        assert (len(service.checks), service.releases) == (1, [])

    run(main)


def test_a_blip_does_not_end_the_lease(run: Run) -> None:
    """Tries again for as long as the slot stands."""

    async def main() -> None:
        service = Service(trouble=between(0, 200, ConnectionLost("gone")))
        async with lease_client(service) as c, c.feature_lease(**CHECK) as lease:
            await anyio.sleep(3600)
            assert lease.error is None
        assert len(service.releases) == 1

    run(main)


@pytest.mark.parametrize("grace", [0.0, 300.0])
def test_an_outage_ends_the_lease_when_the_slot_lapses(run: Run, grace: float) -> None:
    """Cancels the body when the time-out and the grace have passed without a renewal, and not before."""

    async def main() -> None:
        service = Service(trouble=lambda _: ConnectionLost("gone"))
        async with lease_client(service) as c:
            started = anyio.current_time()
            with pytest.raises(LeaseLost) as caught:
                async with c.feature_lease(**CHECK, grace=grace):
                    await anyio.sleep_forever()
            assert isinstance(caught.value.__cause__, Exception)
            assert 600 + grace <= anyio.current_time() - started < 612 + grace

    run(main)


def test_a_refusal_ends_the_lease_at_once(run: Run) -> None:
    """Believes a refusal at the first renewal, cancels the body, and releases nothing that it has not."""

    async def main() -> None:
        service = Service(trouble=lambda _: refusal("license_not_active"))
        async with lease_client(service) as c:
            with pytest.raises(LeaseLost) as caught:
                async with c.feature_lease(**CHECK):
                    await anyio.sleep_forever()
        assert isinstance(caught.value.__cause__, LicenseNotActive)
        assert (len(service.checks), service.releases) == (2, [])

    run(main)


UNEXPECTED = [
    RuntimeError("can't register atexit after shutdown"),
    KeyError("of an engine"),
    ExceptionGroup("of a task group", [ValueError()]),
    StopIteration(),
]
each_unexpected = pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)


@each_unexpected
def test_an_unexpected_error_is_tried_again(run: Run, error: Exception) -> None:
    """Takes whatever an engine raises at a renewal for a failure like others, and goes on when it has passed."""

    async def main() -> None:
        service = Service(trouble=between(250, 350, error))
        async with lease_client(service) as c, c.feature_lease(**CHECK) as lease:
            await anyio.sleep(3600)
            assert not lease.lost.is_set()
        assert len(service.releases) == 1

    run(main)


@each_unexpected
def test_an_unexpected_error_that_stays_loses_the_lease(run: Run, error: Exception) -> None:
    """Sets `lost` when the slot lapses, raises an error of ours that names the cause, and still gives the slot back."""

    async def main() -> None:
        service, leases = Service(trouble=lambda _: error), list[Any]()
        async with lease_client(service) as c:
            with pytest.raises(LeaseLost) as caught:  # noqa: PT012  # two context managers
                async with c.feature_lease(**CHECK) as lease:
                    leases.append(lease)
                    await anyio.sleep_forever()
        assert leases[0].lost.is_set()
        why = caught.value.__cause__
        assert isinstance(why, LicenseSpringError)
        assert type(error).__name__ in str(why) or isinstance(error, StopIteration)
        assert len(service.releases) == 1

    run(main)


@each_unexpected
def test_an_unexpected_error_of_the_release_is_told_and_hides_nothing(
    run: Run, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Logs that the slot was not released, and raises what the body raised, or nothing."""

    async def main() -> None:
        service = Service(release=error)
        async with lease_client(service) as c:
            async with c.feature_lease(**CHECK):
                pass
            with pytest.raises(ZeroDivisionError):
                async with c.feature_lease(**CHECK):
                    raise ZeroDivisionError
        assert len(service.releases) == 2

    run(main)
    assert [each.getMessage().partition(" (")[0].rpartition(" ")[2] for each in caplog.records] == ["released"] * 2


def test_a_slot_that_may_have_been_taken_is_given_back_whatever_was_raised(run: Run) -> None:
    """Releases after an error that nobody expected, as after an answer that was lost."""

    async def main() -> None:
        service = Service(first=RuntimeError("of an engine"))
        async with lease_client(service) as c:
            with pytest.raises(RuntimeError, match="of an engine"):
                async with c.feature_lease(**CHECK):
                    pytest.fail("the block was entered")
        assert len(service.releases) == 1

    run(main)


@attrs.define
class BrokenClock:
    """Sleeps as the loop does, until it does not any more."""

    naps: int = 0

    async def sleep(self, seconds: float) -> None:
        self.naps += 1
        if self.naps > 3:
            raise RuntimeError("no timer any more")
        await anyio.sleep(seconds)


def test_leases_that_nothing_can_renew_are_lost(run: Run) -> None:
    """Loses every lease of a client when the task that renews them fails, instead of letting them lapse unseen."""

    async def main() -> None:
        service: Any = Service()
        clock = attrs.evolve(virtual.clock(), sleep=BrokenClock().sleep)
        lost = 0
        async with client(service, clock) as c:

            async def hold(number: int) -> None:
                nonlocal lost
                device: Any = {**CHECK, "hardware_id": f"device-{number}"}
                with pytest.raises(LeaseLost) as caught:
                    async with c.feature_lease(**device):
                        await anyio.sleep_forever()
                assert isinstance(caught.value.__cause__, LicenseSpringError)
                lost += 1

            async with anyio.create_task_group() as group:
                for number in range(3):
                    group.start_soon(hold, number)
        assert (lost, len(service.releases)) == (3, 3)

    run(main)


def ending(seconds: float, feature: Mapping[str, object] = FLOATING) -> dict[str, object]:
    """A feature that ends so many seconds after the start of the virtual clock."""
    return {**feature, "expiry_date": datetime.fromtimestamp(virtual.EPOCH + seconds, UTC).isoformat()}


@pytest.mark.parametrize("feature", [FLOATING, FEATURE], ids=["floating", "plain"])
def test_a_feature_that_has_ended_gives_no_lease(run: Run, feature: dict[str, object]) -> None:
    """Refuses the answer about a feature that has ended, and gives the slot back that it took."""

    async def main() -> None:
        service = Service(feature=ending(-1, feature))
        async with lease_client(service) as c:
            with pytest.raises(FeatureExpired, match="ended at 2027-01-15T07:59:59"):
                async with c.feature_lease(**CHECK):
                    pytest.fail("the body ran")
        assert (len(service.checks), len(service.releases)) == (1, int(feature is FLOATING))

    run(main)


@pytest.mark.parametrize("feature", [FLOATING, FEATURE], ids=["floating", "plain"])
@pytest.mark.parametrize("seconds", [100, 5000, 90_000])
def test_a_lease_ends_with_its_feature(run: Run, feature: dict[str, object], seconds: int) -> None:
    """Cancels the body at the moment when the feature ends, between two renewals too, and gives the slot back."""

    async def main() -> None:
        service = Service(feature=ending(seconds, feature))
        async with lease_client(service) as c:
            with pytest.raises(LeaseLost) as caught:
                async with c.feature_lease(**CHECK, grace=600):
                    await anyio.sleep_forever()
            assert seconds - 1 <= service.clock_at_end() <= seconds + 1
        assert isinstance(caught.value.__cause__, FeatureExpired)
        assert len(service.releases) == int(feature is FLOATING)

    run(main)


def test_a_renewal_may_find_that_the_feature_has_ended(run: Run) -> None:
    """Believes the latest answer: the end of a feature that had none, or a later one, is its end now."""

    async def main() -> None:
        service = Service(trouble=lambda _: answer(body=ending(-1)))
        async with lease_client(service) as c, c.feature_lease(**CHECK, cancel_body=False) as lease:
            await lease.lost.wait()
            assert isinstance(lease.error, FeatureExpired)
            assert lease.error.code == "feature_expired"
        assert (len(service.checks), len(service.releases)) == (2, 1)

    run(main)


def test_a_renewal_may_bring_a_later_end(run: Run) -> None:
    """Goes on when the feature was prolonged in the meantime."""

    async def main() -> None:
        service = Service(feature=ending(400), trouble=lambda _: answer(body=ending(10**6)))
        async with lease_client(service) as c, c.feature_lease(**CHECK) as lease:
            await anyio.sleep(3600)
            assert lease.error is None

    run(main)


@pytest.mark.parametrize("feature", [FLOATING, FEATURE], ids=["floating", "plain"])
def test_a_machine_that_has_slept_asks_again(run: Run, feature: dict[str, object]) -> None:
    """Renews within a minute after a sleep, during which the monotonic clock stood still: the slot may be gone."""

    async def main() -> None:
        service = Service(feature=ending(10**6, feature), trouble=lambda _: refusal("floating_not_available"))
        awake, slept = virtual.clock(), [0.0]
        with_sleep = attrs.evolve(awake, time=lambda: awake.time() + slept[0])
        async with client(service, with_sleep) as c, c.feature_lease(**CHECK, cancel_body=False) as lease:
            await anyio.sleep(100)
            slept[0] = 8 * 3600.0
            with anyio.fail_after(61):
                await lease.lost.wait()
        assert isinstance(lease.error, FloatingNotAvailable)

    run(main)


def test_a_clock_that_is_set_costs_no_lease(run: Run) -> None:
    """A jump of the clock, forward or back, only has the slot renewed: the service says whether it stands."""

    async def main() -> None:
        service = Service()
        right, ahead = virtual.clock(), [0.0]
        with_jumps = attrs.evolve(right, time=lambda: right.time() + ahead[0])
        async with client(service, with_jumps) as c, c.feature_lease(**CHECK) as lease:
            for jump in (0.0, 8 * 3600.0, 0.0, 3600.0):
                ahead[0] = jump
                await anyio.sleep(61)
            assert lease.error is None
        assert len(service.checks) == 3

    run(main)


@pytest.mark.anyio
async def test_a_lease_is_judged_by_what_the_service_proved() -> None:
    """Gives no lease of a feature that has ended by the service's verified time, on a clock that was turned back."""
    ahead = virtual.EPOCH + 800
    signer, body = Signer(), encoded(ending(700, FEATURE))
    engine = ScriptedEngine([answer(200, body, date=http_date(ahead), **signer.headers(body))])
    back = Clock(time=lambda: virtual.EPOCH)

    async with client(engine, back, verify_signatures=True, public_key=signer.public_key) as c:
        with pytest.raises(FeatureExpired):
            async with c.feature_lease(**CHECK):
                pytest.fail("the body ran")


def test_a_body_that_is_not_cancelled_is_told(run: Run) -> None:
    """Sets `lost` and lets the body end by itself when it asked for that."""

    async def main() -> None:
        service = Service(trouble=lambda _: refusal("license_not_active"))
        async with lease_client(service) as c, c.feature_lease(**CHECK, cancel_body=False) as lease:
            await lease.lost.wait()
            await anyio.sleep(10)
            assert isinstance(lease.error, LicenseNotActive)

    run(main)


def test_the_body_s_own_error_comes_out_as_it_is(run: Run) -> None:
    """Raises the body's error bare, even when the release fails too."""

    async def main() -> None:
        service = Service(release=refusal("internal_error", 500))
        async with lease_client(service) as c:
            with pytest.raises(KeyError, match="mine"):
                async with c.feature_lease(**CHECK):
                    raise KeyError("mine")
        assert service.releases

    run(main)


def test_cancellation_releases_the_slot(run: Run) -> None:
    """Releases under a shield when the body is cancelled from outside."""

    async def main() -> None:
        service = Service()
        async with lease_client(service) as c:
            with anyio.move_on_after(50) as scope:
                async with c.feature_lease(**CHECK):
                    await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert len(service.releases) == 1

    run(main)


@pytest.mark.parametrize("begun", [0.05, 100.0], ids=["taking", "holding"])
def test_a_second_cancellation_of_asyncio_does_not_cut_the_release(begun: float) -> None:
    """Releases once, however soon `Task.cancel` comes again: no shield of a cancel scope keeps that away."""

    async def main() -> None:
        for again in range(12):
            service = Service()

            async def hold(c: LicenseSpring) -> None:
                async with c.feature_lease(**CHECK):
                    await anyio.sleep_forever()

            async with lease_client(service) as c:
                task = asyncio.create_task(hold(c))
                await anyio.sleep(begun)
                task.cancel()
                await anyio.sleep(again / 100)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert (again, len(service.releases)) == (again, 1)

    virtual.run("asyncio", main)


def test_a_check_that_is_cancelled_leaves_no_slot(run: Run) -> None:
    """Releases what the service may have given to a caller that had gone."""

    async def main() -> None:
        service = Service()
        async with lease_client(service) as c:
            with anyio.move_on_after(0.05):
                async with c.feature_lease(**CHECK):
                    pytest.fail("there is no lease")
        assert len(service.releases) == 1

    run(main)


def test_renewals_go_on_when_the_lease_that_ran_them_ends(run: Run) -> None:
    """Moves the one task to another lease, when its host ends normally, fails, or is cancelled."""

    async def main() -> None:
        service = Service()

        async def hold(device: str, seconds: float) -> None:
            check: dict[str, Any] = {**CHECK, "hardware_id": device}
            with anyio.move_on_after(seconds):
                async with c.feature_lease(**check):
                    await anyio.sleep_forever()

        async with lease_client(service) as c, anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(hold, f"device-{number}", 30.0 * (number + 1))
        gone = json.dumps(service.releases)
        assert len(service.releases) == 100, gone
        assert len(service.checks) > 500

    run(main)


@pytest.mark.anyio
async def test_slots_in_use_are_the_live_leases() -> None:
    """Holds exactly the slots of open leases on a real server, and leaves none behind."""
    world = World()
    license = world.add_product("TP").add_license(key="9F2C-77AA-0B1E-C0DE", max_activations=3)
    license.add_feature("render", floating_users=2, floating_timeout=10)
    for device in ("a", "b", "c"):
        license.activate(device)
    ask: dict[str, Any] = {"product": "TP", "feature": "render", "license_key": "9F2C-77AA-0B1E-C0DE"}
    async with Sandbox(world) as sandbox, sandbox.client() as c:
        async with c.feature_lease(hardware_id="a", **ask), c.feature_lease(hardware_id="b", **ask) as second:
            assert second.feature.floating_in_use_devices == 2
            with pytest.raises(FloatingNotAvailable):
                async with c.feature_lease(hardware_id="c", **ask):
                    pytest.fail("there is no lease")
        async with c.feature_lease(hardware_id="c", **ask) as only:
            assert only.feature.floating_in_use_devices == 1


LICENSED = {name: value for name, value in CHECK.items() if name != "feature"}
LICENSE = license(
    license_key=CHECK["license_key"],
    product_details=product(short_code=CHECK["product"]),
    is_floating_cloud=True,
    floating_users=2,
    floating_timeout=10,
)


def test_a_license_is_held_like_a_feature(run: Run) -> None:
    """Its slot is taken, renewed after about half of its time, and given back once."""

    async def main() -> None:
        service = Service(feature=LICENSE)
        async with lease_client(service) as c, c.license_lease(**LICENSED) as lease:
            assert lease.license.license_key == CHECK["license_key"]
            await anyio.sleep(850)
        assert (len(service.checks), len(service.releases)) == (3, 1)
        assert [each.url.split("/v4/")[1].split("?")[0] for each in service.requests[-2:]] == [
            "check_license",
            "floating/release",
        ]

    run(main)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"validity_period": "2020-01-01T00:00:00.000Z"}, LicenseExpired),
        ({"license_enabled": False}, LicenseNotEnabled),
        ({"license_active": False}, LicenseNotActive),
        ({"start_date": "2099-01-01T00:00:00.000Z"}, LicenseRefused),
    ],
)
def test_a_license_that_is_not_valid_is_not_held(
    run: Run, change: dict[str, object], error: type[LicenseRefused]
) -> None:
    """An answer that is no yes ends the lease at once, at the first check or a renewal, and its slot is given back."""

    async def main() -> None:
        service = Service(feature={**LICENSE, **change})
        async with lease_client(service) as c:
            with pytest.raises(error):
                async with c.license_lease(**LICENSED):
                    pytest.fail("held")
        assert len(service.releases) == 1
        later = answer(body={**LICENSE, **change})
        service = Service(feature=LICENSE, trouble=lambda _: later)
        async with lease_client(service) as c:
            with pytest.raises(LeaseLost) as lost:
                async with c.license_lease(**LICENSED):
                    await anyio.sleep(1000)
            assert isinstance(lost.value.__cause__, error)
        assert len(service.releases) == 1

    run(main)


def test_a_borrowed_slot_is_not_given_back(run: Run) -> None:
    """The device keeps what it has borrowed when a lease of it ends."""

    async def main() -> None:
        asked: list[tuple[dict[str, Any], dict[str, Any]]] = [(FLOATING, CHECK), (LICENSE, LICENSED)]
        for body, ask in asked:
            service = Service(feature={**body, "is_borrowed": True})
            c = lease_client(service)
            async with c, c.feature_lease(**ask) if ask is CHECK else c.license_lease(**ask):
                await anyio.sleep(1)
            assert (len(service.checks), len(service.releases)) == (1, 0)

    run(main)


def test_a_license_and_a_feature_are_different_slots() -> None:
    """Leases of both on one device do not take each other for the same, whatever the product is called."""
    device: dict[str, Any] = {"hardware_id": "d", "license_key": "K"}
    names = {FeatureCheck(product="license", feature="TP", **device).key, LicenseCheck(product="TP", **device).key}
    assert len(names) == 2


@pytest.mark.anyio
async def test_two_devices_share_a_license_one_after_the_other() -> None:
    """A second device is refused while the first one holds the only slot, and let in after it."""
    world = World()
    key = "9F2C-77AA-0B1E-C0DE"
    license = world.add_product("TP").add_license(key=key, max_activations=2, floating_users=1)
    for each in "ab":
        license.activate(each)
    async with Sandbox(world) as sandbox, sandbox.client() as c:
        async with c.license_lease(product="TP", hardware_id="a", license_key=key):
            with pytest.raises(FloatingNotAvailable):
                async with c.license_lease(product="TP", hardware_id="b", license_key=key):
                    pytest.fail("two hold one slot")
        async with c.license_lease(product="TP", hardware_id="b", license_key=key) as lease:
            assert lease.license.floating_in_use_devices == 1


@pytest.mark.parametrize("name", ["hardware_id", "license_key"])
def test_a_repr_shows_no_secret(name: str) -> None:
    """Shows neither device nor key in the repr of what renews the leases, which a traceback with locals has."""
    renewals = Renewals(clock=Clock(), random=lambda: 0.0)

    with renewals.seat(FeatureCheck(**CHECK).key):
        assert CHECK[name].lower() not in repr(renewals).lower()
