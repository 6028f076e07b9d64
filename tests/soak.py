"""Many leases coming and going against a faulty sandbox: at the end exactly the slots of living leases are in use.

    python -m tests.soak --seconds 600

Leases end, fail, are cancelled, share devices and find no free slot, while requests are refused, delayed, cut off and
answered too late. A release that fails for good leaves its slot to lapse, so the end is judged one floating time-out
after the last lease left, with the faults still there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs
import httpx

from licensespring_async import LicenseSpring, LicenseSpringError
from licensespring_async.sandbox import Fault, Sandbox, World

KEY, PRODUCT, FEATURE, WATCHER = "9F2C-77AA-0B1E-C0DE", "TP", "render", "watcher"
FAULTS = (
    Fault(effect="error", status=500, code="internal_error", probability=0.06, seed=1),
    Fault(effect="reset", probability=0.03, seed=2),
    Fault(effect="cut", probability=0.03, seed=3),
    Fault(effect="empty", probability=0.03, seed=4),
    Fault(effect="latency", seconds=0.05, up_to=1.0, probability=0.15, seed=5),
)


class Stop(Exception):
    """Ends a lease's body."""


@attrs.frozen(kw_only=True)
class Ending:
    """What is left of a run.

    Attributes:
        in_use: Slots in use when the comers had left for a floating time-out.
        living: Devices with a living lease, then.
        left: Slots in use when all leases had ended.
    """

    in_use: int
    living: int
    left: int


@attrs.define(kw_only=True)
class Soak:
    """One run.

    Args:
        seconds: How long leases come and go.
        comers: Tasks that take one lease after another.
        stayers: Tasks that hold a lease until the end.
        devices: Devices of the comers; fewer than comers, so that leases meet on a device.
        speed: How much faster time passes in the sandbox, so that slots of a minute lapse in less.
        seed: Of everything random here.
    """

    seconds: float
    comers: int = 60
    stayers: int = 20
    devices: int = 45
    speed: float = 1.0
    seed: int = 0
    living: Counter[str] = attrs.field(factory=Counter[str], init=False)
    happened: Counter[str] = attrs.field(factory=Counter[str], init=False)

    @property
    def slot_seconds(self) -> float:
        """Seconds here after which a slot lapses there."""
        return 60.0 / self.speed

    async def run(self) -> Ending:
        """Return what is left at the end."""
        began, dice = time.time(), random.Random(self.seed)
        in_use = living = left = 0
        clock: Callable[[], float] = lambda: began + (time.time() - began) * self.speed  # noqa: E731
        async with Sandbox(self._world(), clock=clock) as sandbox, sandbox.client(timeout=5.0) as client:
            for fault in FAULTS:
                sandbox.faults.add(fault)
            async with anyio.create_task_group() as stayers:
                for number in range(self.stayers):
                    stayers.start_soon(self._stay, client, f"stayer-{number}")
                async with anyio.create_task_group() as comers:
                    for _ in range(self.comers):
                        comers.start_soon(self._come_and_go, client, random.Random(dice.random()))
                in_use, living = await self._settled(sandbox, client)
                stayers.cancel_scope.cancel()
            sandbox.faults.clear()
            left = await self._in_use(client)
            async with httpx.AsyncClient(trust_env=False) as observer:
                counters = (await observer.get(f"{sandbox.url}/_sandbox/counters")).json()
            self.happened.update({f"fault {name}": count for name, count in counters["fault"].items()})
        return Ending(in_use=in_use, living=living, left=left)

    def _world(self) -> World:
        world = World()
        license = world.add_product(PRODUCT).add_license(key=KEY, max_activations=1000)
        # Too few for all, now and then.
        license.add_feature(FEATURE, floating_users=self.stayers + self.devices - 15, floating_timeout=1)
        for device in [*(f"stayer-{n}" for n in range(self.stayers)), *self._names(), WATCHER]:
            license.activate(device)
        return world

    def _names(self) -> list[str]:
        return [f"device-{number}" for number in range(self.devices)]

    async def _stay(self, client: LicenseSpring, device: str) -> None:
        while True:
            await self._hold(client, device, anyio.sleep_forever)

    async def _come_and_go(self, client: LicenseSpring, dice: random.Random) -> None:
        end = anyio.current_time() + self.seconds
        while (left := end - anyio.current_time()) > 0:
            seconds = min(dice.expovariate(1 / 2.0), left)

            async def body(seconds: float = seconds) -> None:
                await anyio.sleep(seconds)
                if dice.random() < 0.2:
                    raise Stop

            with anyio.move_on_after(seconds / 2 if dice.random() < 0.2 else 3600) as cut:
                await self._hold(client, dice.choice(self._names()), body)
            self.happened["cancelled"] += cut.cancelled_caught

    async def _hold(self, client: LicenseSpring, device: str, body: Callable[[], Awaitable[object]]) -> None:
        lease = client.feature_lease(**_ask(device), floating_timeout=self.slot_seconds, grace=self.slot_seconds / 2)
        try:
            async with lease:
                self.living[device] += 1
                self.happened["leases"] += 1
                try:
                    await body()
                finally:
                    self.living[device] -= 1
        except Stop:
            self.happened["failed"] += 1
        except LicenseSpringError as error:
            self.happened[type(error).__name__] += 1
            await anyio.sleep(0.1)

    async def _settled(self, sandbox: Sandbox, client: LicenseSpring) -> tuple[int, int]:
        """Wait one floating time-out, and a little more while a slow machine is behind with its renewals."""
        await anyio.sleep(self.slot_seconds * 1.1)
        in_use = living = 0
        for _ in range(20):
            sandbox.faults.clear()
            in_use = await self._in_use(client)
            living = sum(count > 0 for count in self.living.values())
            if in_use == living == self.stayers:
                break
            await anyio.sleep(self.slot_seconds / 4)
        return in_use, living

    async def _in_use(self, client: LicenseSpring) -> int:
        feature = await client.check_license_feature(**_ask(WATCHER))
        assert feature.floating_in_use_devices is not None
        return feature.floating_in_use_devices - 1  # the watcher's own


def _ask(device: str) -> Any:
    return {"product": PRODUCT, "feature": FEATURE, "hardware_id": device, "license_key": KEY}


def main() -> None:
    """Run once; the exit code is 1 when slots and leases do not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    soak = Soak(**vars(parser.parse_args()))
    ending = anyio.run(soak.run)
    for what, count in soak.happened.most_common():
        sys.stdout.write(f"{count:8} {what}\n")
    sys.stdout.write(f"{ending.in_use} slots in use, {ending.living} living leases; at the very end {ending.left}\n")
    sys.exit(0 if ending.in_use == ending.living == soak.stayers and ending.left == 0 else 1)


if __name__ == "__main__":
    main()
