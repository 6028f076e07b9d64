"""Random lives of two workers that share a store: no yes after a stored no, whatever is lost, killed or copied back.

The store is slow and loses writes, workers are killed between two of them, networks fail, and one of the two records
of each check is at the mercy of whoever can write to the store: it is lost, or an older copy of it is put back. An
older copy of both at once is one that no store can tell from the truth.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Literal

import anyio
import attrs
import pytest

from licensespring_async import Clock, LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.checks import Check
from licensespring_async.services import Decision, Grace, LicenseGate, StoreError
from licensespring_async.transport import HttpRequest

from ...fakes import Play, ScriptedEngine, client
from ...transport import virtual
from .scenes import ALL, DOWN, NO, SECRET, yes

Harm = Literal["none", "last", "refusal"]
TTL, GRACE_LIFE, SLOWEST = 40.0, 30.0, 3.0


@attrs.define
class File:
    """The values that workers share, with all that they ever were.

    Attributes:
        harm: Which of the two records of a check is at the mercy of others.
        refused: The refusals that the other one has held: when it was stored, and of what time it is.
    """

    random: Random
    harm: Harm
    values: dict[str, bytes] = attrs.field(factory=dict[str, bytes])
    history: dict[str, list[bytes]] = attrs.field(factory=lambda: defaultdict[str, list[bytes]](list))
    refused: list[tuple[float, float]] = attrs.field(factory=list[tuple[float, float]])

    def put(self, key: str, value: bytes) -> None:
        self.values[key] = value
        self.history[key].append(value)
        record = json.loads(value[32:])
        if not record["allowed"] and self.kind_of(key) != self.harm:
            self.refused.append((anyio.current_time(), record["at"]))

    def kind_of(self, key: str) -> Harm:
        """Say which of the two records it is: the first value of the last answer is a yes."""
        return "last" if json.loads(self.history[key][0][32:])["allowed"] else "refusal"

    async def wait(self) -> None:
        # A slow writer of an older yes and the loss of the refusal beside it are together an older copy of both.
        if self.harm != "refusal":
            await anyio.sleep(self.random.random() * SLOWEST)

    def damage(self) -> None:
        """Lose a record of the kind that may be harmed, or put an older one of it back."""
        harmed = [key for key in self.history if self.kind_of(key) == self.harm]
        if harmed:
            key = self.random.choice(harmed)
            if self.random.random() < 0.5:
                self.values.pop(key, None)
            else:
                self.values[key] = self.random.choice(self.history[key])


@attrs.define
class Handle:
    """A worker's hand on the file: slow, sometimes failing, and still for ever once the worker is killed."""

    file: File
    is_dead: bool = False

    async def get(self, key: str) -> bytes | None:
        await self.file.wait()
        return self.file.values.get(key)

    async def set(self, key: str, value: bytes) -> None:
        await self.file.wait()
        if self.is_dead or self.file.random.random() < 0.15:
            raise StoreError("lost")
        self.file.put(key, value)


@attrs.define
class Worker:
    """A process with a gate, which may be killed and started again."""

    file: File
    clock: Clock
    check: Check
    answer: Callable[[HttpRequest], Play]
    is_connected: bool = True
    client: LicenseSpring = attrs.field(init=False)
    handle: Handle = attrs.field(init=False)
    gate: LicenseGate = attrs.field(init=False)
    _killed: anyio.Event = attrs.field(factory=anyio.Event, init=False)
    _up: anyio.Event = attrs.field(factory=anyio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        engine = ScriptedEngine([lambda request: self.answer(request) if self.is_connected else DOWN], seconds=0.2)
        self.client = client(engine, self.clock, retry=RetryPolicy(max_attempts=1))

    async def run(self) -> None:
        """Start again whenever it is killed."""
        while True:
            self.handle, self._killed = Handle(self.file), anyio.Event()
            grace = Grace(hours=1, store=self.handle, secret=SECRET)
            async with LicenseGate(self.client, ttl=TTL, refused_ttl=TTL, grace=grace, clock=self.clock) as self.gate:
                self._up.set()
                await self._killed.wait()

    async def kill(self) -> None:
        """Let no write of its arrive any more, and wait until it is up again."""
        self.handle.is_dead, self._up = True, anyio.Event()
        self._killed.set()
        await self.up()

    async def up(self) -> None:
        await self._up.wait()

    async def ask(self) -> Decision | None:
        try:
            return await self.gate.allows(self.check)
        except LicenseSpringError:
            return None


@attrs.define
class Life:
    """What happens to two workers, at random."""

    random: Random
    file: File
    workers: list[Worker] = attrs.field(factory=list[Worker])
    is_licensed: bool = True
    yes: int = 0

    def answer(self, request: HttpRequest) -> Play:
        return yes(request) if self.is_licensed else NO

    async def step(self) -> None:
        worker = self.random.choice(self.workers)
        match self.random.randrange(10):
            case 0:
                self.is_licensed = not self.is_licensed
            case 1 | 2:
                worker.is_connected = not worker.is_connected
            case 3:
                await worker.kill()
            case 4 if self.file.harm != "none":
                self.file.damage()
            case 5:
                await anyio.sleep(self.random.random() * 3 * TTL)
            case 6 | 7:
                async with anyio.create_task_group() as together:
                    for each in self.workers:
                        together.start_soon(self.check, each)
            case _:
                await self.check(worker)

    async def check(self, worker: Worker) -> None:
        asked = anyio.current_time()
        decision = await worker.ask()
        if decision is None or not decision or decision.source != "grace":
            return
        self.yes += 1
        # One that was decided before is given for half a minute, without a look at the store.
        too_late = [at for stored, at in self.file.refused if stored < asked - GRACE_LIFE - 3 * SLOWEST]
        assert decision.checked_at > max(too_late, default=0.0)


@pytest.mark.parametrize("backend", virtual.BACKENDS)
@pytest.mark.parametrize("harm", ["none", "last", "refusal"])
def test_no_yes_after_a_stored_no(backend: str, harm: Harm) -> None:
    """Gives no grace for a yes before a refusal that any worker has stored, of a feature, a license or a bundle."""
    graces = 0

    async def live(seed: int) -> int:
        random = Random(seed)  # decides tests, not secrets
        life = Life(random, File(random, harm))
        clock = virtual.clock()
        check = ALL[seed % len(ALL)]
        life.workers = [Worker(life.file, clock, check, life.answer) for _ in range(2)]
        async with anyio.create_task_group() as processes:
            for worker in life.workers:
                processes.start_soon(worker.run)
                await worker.up()
            for _ in range(150):
                await life.step()
            processes.cancel_scope.cancel()
        return life.yes

    for seed in range(15):
        graces += virtual.run(backend, functools.partial(live, seed))
    assert graces > 60, "too few lives came to the point"
