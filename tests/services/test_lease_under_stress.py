"""Leases when much happens at once: many of them, shared slots, a service that hangs, a host that leaves."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import attrs
import pytest

from licensespring_async import ConnectionLost, InternalError, LeaseLost, LicenseSpring, RetryPolicy
from licensespring_async.models import LicenseFeature
from licensespring_async.services import Lease
from licensespring_async.transport import HttpRequest, HttpResponse
from tests.fakes import CHECK, FEATURE, answer, client, refusal
from tests.transport import virtual
from tests.transport.virtual import Run

FLOATING = {**FEATURE, "is_floating_cloud": True, "floating_users": 2, "floating_timeout": 10}

Play = Callable[[int], tuple[float, HttpResponse | Exception]]


def quick(_: int) -> tuple[float, HttpResponse | Exception]:
    return 0.1, answer(body=FLOATING)


@attrs.define
class Service:
    """Plays the nth check: after so many seconds, this; keeps an account of what was taken and given back."""

    play: Play = quick
    words: list[str] = attrs.field(factory=list[str])
    checks: int = 0
    under_way: int = 0
    most_under_way: int = 0
    renewing: anyio.Event = attrs.field(factory=anyio.Event)

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        if request.method == "POST":
            await self._wait(0.1, timeout)
            self.words.append("release")
            return HttpResponse(200, {}, b"")
        self.checks += 1
        seconds, play = self.play(self.checks)
        if self.checks == 2:
            self.renewing.set()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._wait(seconds, timeout)
        finally:
            self.under_way -= 1
        self.words.append("check")
        if isinstance(play, Exception):
            raise play
        return play

    async def _wait(self, seconds: float, timeout: float) -> None:
        await anyio.sleep(min(seconds, timeout))
        if seconds >= timeout:
            raise ConnectionLost("timed out")

    async def aclose(self) -> None:
        """Nothing to close."""


def lease_client(service: Service, **options: Any) -> LicenseSpring:
    return client(service, virtual.clock(), max_concurrency=10_000, rate_limits=None, **options)


def device(number: int) -> dict[str, Any]:
    return {**CHECK, "hardware_id": f"device-{number}"}


def test_every_lease_lapses_in_time_when_the_service_hangs(run: Run) -> None:
    """Tells three hundred leases that their slots are gone when they are, though no renewal is ever answered."""

    async def main() -> None:
        lost: list[float] = []

        async def hold(number: int) -> None:
            with suppress(LeaseLost):
                async with c.feature_lease(**device(number)) as lease:
                    with anyio.CancelScope(shield=True):
                        await lease.lost.wait()
                    lost.append(anyio.current_time())

        service = Service(lambda check: (0.1 if check <= 300 else 3600.0, answer(body=FLOATING)))
        began = anyio.current_time()
        async with lease_client(service, timeout=60.0) as c, anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(hold, number)
        assert len(lost) == 300
        assert min(lost) - began >= 599
        assert max(lost) - began < 605

    run(main)


def test_leases_of_one_device_share_its_slot(run: Run) -> None:
    """Gives a device's slot back when its last lease ends, not under one that still runs."""

    async def main() -> None:
        service = Service()

        async def hold(seconds: float) -> None:
            async with c.feature_lease(**CHECK):
                await anyio.sleep(seconds)

        async with lease_client(service) as c, anyio.create_task_group() as group:
            group.start_soon(hold, 10)
            group.start_soon(hold, 20)
            group.start_soon(hold, 1000)
            await anyio.sleep(100)
            assert "release" not in service.words
        assert service.words.count("release") == 1
        assert service.words[-1] == "release"

    run(main)


def test_a_lease_that_begins_while_another_ends_keeps_the_slot(run: Run) -> None:
    """Takes the slot after its release is through, so that the last word on the slot is the living lease's."""

    async def main() -> None:
        service = Service()

        async def hold(seconds: float) -> None:
            async with c.feature_lease(**CHECK):
                await anyio.sleep(seconds)

        async with lease_client(service) as c, anyio.create_task_group() as group:
            group.start_soon(hold, 10)
            await anyio.sleep(10.15)  # the release is under way
            group.start_soon(hold, 10)
            await anyio.sleep(5)
            assert service.words == ["check", "release", "check"]

    run(main)


@pytest.mark.parametrize("leaving", [SystemExit(3), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_a_program_that_ends_in_the_body_ends(run: Run, leaving: BaseException) -> None:
    """Lets SystemExit and KeyboardInterrupt out as they are, after the slot was given back."""
    service = Service()
    caught: list[BaseException] = []

    def leave() -> None:
        raise leaving

    async def main() -> None:
        async with lease_client(service) as c:
            try:
                async with c.feature_lease(**CHECK):
                    leave()
            except BaseException as error:  # noqa: BLE001  # what comes out is the question
                caught.append(error)

    run(main)
    assert caught == [leaving]
    assert service.words == ["check", "release"]


def test_an_attempt_that_may_have_taken_the_slot_is_undone(run: Run) -> None:
    """Gives the slot back when an attempt was lost on the way and the next one failed otherwise."""

    async def main() -> None:
        plays: list[HttpResponse | Exception] = [ConnectionLost("gone"), refusal("internal_error", 500)]
        service = Service(lambda check: (0.1, plays[check - 1]))
        async with lease_client(service, retry=RetryPolicy(max_attempts=2)) as c:
            with pytest.raises(InternalError):
                async with c.feature_lease(**CHECK):
                    pytest.fail("there is no lease")
        assert service.words == ["check", "check", "release"]

    run(main)


def test_a_renewal_under_way_is_waited_for(run: Run) -> None:
    """Releases after a renewal that was under way when the body ended: arriving later, it would take the slot again."""

    async def main() -> None:
        service = Service(lambda check: (0.1 if check == 1 else 2.0, answer(body=FLOATING)))
        async with lease_client(service) as c, c.feature_lease(**CHECK):
            await service.renewing.wait()
        assert service.words == ["check", "check", "release"]

    run(main)


def test_a_renewal_that_hangs_does_not_keep_the_slot(run: Run) -> None:
    """Releases within ten seconds though a renewal under way is never answered."""

    async def main() -> None:
        service = Service(lambda check: (0.1 if check == 1 else 3600.0, answer(body=FLOATING)))
        async with lease_client(service, timeout=60.0) as c:
            async with c.feature_lease(**CHECK):
                await service.renewing.wait()
                ended = anyio.current_time()
            assert service.words[-1] == "release"
            assert anyio.current_time() - ended < 10.5

    run(main)


@pytest.mark.parametrize("minutes", [-10, 0])
def test_a_senseless_time_out_is_not_believed(run: Run, minutes: int) -> None:
    """Renews at a sensible pace whatever time-out the answer names."""

    async def main() -> None:
        service = Service(lambda _: (0.1, answer(body={**FLOATING, "floating_timeout": minutes})))
        async with lease_client(service) as c, c.feature_lease(**CHECK):
            await anyio.sleep(600)
        assert service.checks < 10

    run(main)


def test_leases_that_ended_are_forgotten(run: Run) -> None:
    """Keeps nothing of leases that ended long before their renewal was due."""

    async def main() -> None:
        ended: list[weakref.ref[Lease[LicenseFeature]]] = []
        async with lease_client(Service()) as c, c.feature_lease(**device(0)):
            for number in range(1, 200):
                async with c.feature_lease(**device(number)) as lease:
                    ended.append(weakref.ref(lease))
            gc.collect()
            assert sum(each() is not None for each in ended) < 50

    run(main)


@pytest.mark.slow
def test_two_thousand_leases(run: Run) -> None:
    """Renews two thousand slots of a one-minute time-out in time, a bounded number at once, and gives each back."""

    async def main() -> None:
        one_minute = answer(body={**FLOATING, "floating_timeout": 1})
        service = Service(lambda _: (0.05, one_minute))
        lost: list[Lease[LicenseFeature]] = []

        async def hold(number: int) -> None:
            async with c.feature_lease(**device(number)) as lease:
                await anyio.sleep(70)
                if lease.lost.is_set():
                    lost.append(lease)

        async with lease_client(service) as c, anyio.create_task_group() as group:
            for number in range(2_000):
                group.start_soon(hold, number)
            await anyio.sleep(5)
            service.most_under_way = 0
        assert lost == []
        assert service.most_under_way <= 64
        assert 4_000 <= service.checks <= 8_000
        assert service.words.count("release") == 2_000

    run(main)
