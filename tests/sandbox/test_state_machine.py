"""Ten thousand random requests against a plain model of the state, over restarts from the same file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from licensespring_async.sandbox import Consumption, License, Sandbox, SandboxClock, World
from licensespring_async.sandbox.service.activation import activate_license, deactivate_license
from licensespring_async.sandbox.service.asked.call import Call
from licensespring_async.sandbox.service.checks import check_license, check_license_feature
from licensespring_async.sandbox.service.consumption import add_consumption, add_feature_consumption
from licensespring_async.sandbox.service.floating import (
    borrow_floating_feature,
    borrow_floating_license,
    release_floating_feature,
    release_floating_license,
)
from licensespring_async.sandbox.service.trials import trial_key
from licensespring_async.sandbox.service.variables import get_device_variables, track_device_variables
from licensespring_async.sandbox.wire.jsontext import Json
from licensespring_async.sandbox.wire.refusals import ServiceError

ALLOWED, TIMEOUT, HOURS = 3, 30, 4
MAXIMUM, OVERAGES, SHARED = 20, 5, 30
PLACES = 2
START = datetime(2030, 1, 1, tzinfo=UTC)

devices = st.integers(0, 6).map(lambda number: f"hw-{number}")
pools = st.sampled_from(["license", "render"])
counters = st.sampled_from(["license", "pages", "sheets"])


@attrs.define
class Pool:
    """The plain model of slots: who holds one until when, borrowed or not."""

    held: dict[str, datetime] = attrs.field(factory=dict[str, datetime])
    borrowed: dict[str, datetime] = attrs.field(factory=dict[str, datetime])

    def holders(self, now: datetime) -> set[str]:
        latest = {device: max(until, self.borrowed.get(device, until)) for device, until in self.held.items()}
        return {device for device, until in latest.items() if until > now}

    def take(self, device: str, now: datetime) -> bool:
        holders = self.holders(now)
        if device not in holders:
            if len(holders) >= ALLOWED:
                return False
            self.borrowed.pop(device, None)
        self.held[device] = now + timedelta(minutes=TIMEOUT)
        return True

    def release(self, device: str, now: datetime) -> bool:
        held = device in self.holders(now)
        self.held.pop(device, None)
        self.borrowed.pop(device, None)
        return held


@attrs.define
class Counter:
    """The plain model of a count: the license's is reset daily and has overages, the features' may go below zero."""

    limit: int
    daily: bool
    negative: bool
    total: int = 0
    day: datetime = START

    def at(self, now: datetime) -> int:
        return 0 if self.daily and self.day.date() < now.date() else self.total

    def add(self, number: int, now: datetime) -> bool:
        total = self.at(now) + number
        if (number < 0 and not self.negative) or (number > 0 and total > self.limit):
            return False
        self.total, self.day = total, now
        return True


@attrs.define
class Activations:
    """The plain model of a license that is for `PLACES` devices: which are active, and what each of them said."""

    active: set[str] = attrs.field(factory=set[str])
    freed: str | None = None
    transfers: int = 0
    variables: dict[str, dict[str, str]] = attrs.field(factory=dict[str, "dict[str, str]"])
    trials: dict[str, Json] = attrs.field(factory=dict[str, Json])

    def activate(self, device: str) -> str:
        if device not in self.active:
            if len(self.active) >= PLACES:
                return "license_activated_max_times"
            self.transfers += self.freed not in (None, device)
            self.active.add(device)
            self.freed = None
        return "ok"

    def admitted(self, device: str) -> str:
        if not self.active:
            return "license_not_active"
        return "ok" if device in self.active else "device_not_found"

    def deactivate(self, device: str) -> str:
        told = self.admitted(device)
        if told == "ok":
            self.active.remove(device)
            self.freed = device
        return told


class Requests(RuleBasedStateMachine):
    """Sends requests to the sandbox, and tells the model of them."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.clock = SandboxClock(START.timestamp)
        self.pools = {"license": Pool(), "render": Pool()}
        self.counters = {
            "license": Counter(limit=MAXIMUM + OVERAGES, daily=True, negative=False),
            "pages": Counter(limit=MAXIMUM, daily=False, negative=True),
            "sheets": Counter(limit=10**9, daily=False, negative=True),
        }
        self.activations = Activations()
        self.answer: Json = None
        self.steps_since_start = 0
        self.start()

    def teardown(self) -> None:
        shutil.rmtree(self.directory)

    def start(self) -> None:
        self.world = World()
        self.license: License = self.world.add_product("TP").add_license(
            key="K",
            max_activations=10,
            floating_users=ALLOWED,
            floating_timeout=TIMEOUT,
            max_borrow_time=HOURS,
            consumption=Consumption(
                maximum=MAXIMUM, allow_overages=True, max_overages=OVERAGES, reset=True, period="daily"
            ),
        )
        pool = self.world.add_pool("shared", maximum=SHARED)
        self.license.add_feature("render", floating_users=ALLOWED, floating_timeout=TIMEOUT, max_borrow_time=HOURS)
        pages = Consumption(maximum=MAXIMUM, allow_negative=True, pool=pool)
        self.license.add_feature("pages", consumption=pages)
        sheets = Consumption(unlimited=True, allow_negative=True, pool=pool)
        self.license.add_feature("sheets", consumption=sheets)
        for number in range(7):
            self.license.activate(f"hw-{number}")
        moving = self.world.add_product("MV", allow_trial=True)
        self.moving: License = moving.add_license(key="M", max_activations=PLACES)
        self.sandbox = Sandbox(self.world, db=self.directory / "sandbox.db", clock=self.clock)
        self.steps_since_start = 0

    @property
    def now(self) -> datetime:
        return self.clock.moment()

    def ask(self, endpoint: Callable[[Call], Json], device: str, **more: str) -> str:
        """Ask as the application does, in one transaction; give the refusal's code or ok."""
        self.steps_since_start += 1
        values = {"product": "TP", "license_key": "K", "hardware_id": device, **more}
        try:
            with self.world.home.store.transaction():
                self.answer = endpoint(Call(world=self.world, values=values, now=self.now, sign=str))
        except ServiceError as refusal:
            return refusal.code
        return "ok"

    @rule(pool=pools, device=devices)
    def take_or_renew(self, pool: str, device: str) -> None:
        used_up = pool == "license" and self.counters["license"].at(self.now) >= MAXIMUM + OVERAGES
        has_room = device in self.pools[pool].holders(self.now) or len(self.pools[pool].holders(self.now)) < ALLOWED
        told = (
            self.ask(check_license, device)
            if pool == "license"
            else self.ask(check_license_feature, device, feature=pool)
        )
        if not has_room:
            assert told == "floating_not_available"
        elif used_up:
            assert told == "license_not_enough_consumptions"
        else:
            assert told == "ok"
            assert self.pools[pool].take(device, self.now)

    @rule(pool=pools, device=devices)
    def release(self, pool: str, device: str) -> None:
        held = self.pools[pool].release(device, self.now)
        if pool == "license":
            assert self.ask(release_floating_license, device) == ("ok" if held else "floating_not_available")
        else:
            told = self.ask(release_floating_feature, device, feature=pool)
            assert told == ("ok" if held else "floating_feature_device_not_in_use")

    @rule(pool=pools, device=devices, minutes=st.integers(-30, HOURS * 60 + 30))
    def borrow(self, pool: str, device: str, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        wanted = until.isoformat().replace("+00:00", "Z")
        told = (
            self.ask(borrow_floating_license, device, borrowed_until=wanted)
            if pool == "license"
            else self.ask(borrow_floating_feature, device, borrowed_until=wanted, feature=pool)
        )
        if not 0 < minutes <= HOURS * 60:
            assert told == "borrow_until_not_valid"
        elif self.pools[pool].take(device, self.now):
            self.pools[pool].borrowed[device] = until
            assert told == "ok"
        else:
            assert told == "floating_not_available"

    @rule(counter=counters, device=devices, number=st.integers(-8, 8))
    def consume(self, counter: str, device: str, number: int) -> None:
        is_shared = counter != "license"
        has_room = not is_shared or number <= 0 or self.shared + number <= SHARED
        added = has_room and self.counters[counter].add(number, self.now)
        told = (
            self.ask(add_consumption, device, consumptions=str(number))
            if counter == "license"
            else self.ask(add_feature_consumption, device, consumptions=str(number), feature=counter)
        )
        assert (told == "ok") is added, told

    @property
    def shared(self) -> int:
        """What two features have consumed of their pool."""
        return self.counters["pages"].total + self.counters["sheets"].total

    @rule(device=devices)
    def activate(self, device: str) -> None:
        assert self.ask(activate_license, device, product="MV", license_key="M") == self.activations.activate(device)

    @rule(device=devices)
    def deactivate(self, device: str) -> None:
        told = self.ask(deactivate_license, device, product="MV", license_key="M")
        assert told == self.activations.deactivate(device)

    @rule(device=devices, name=st.sampled_from("ab"), value=st.integers(0, 3))
    def track(self, device: str, name: str, value: int) -> None:
        variables = json.dumps({name: value})
        told = self.ask(track_device_variables, device, product="MV", license_key="M", variables=variables)
        assert told == self.activations.admitted(device)
        if told == "ok":
            self.activations.variables.setdefault(device, {})[name] = str(value)

    @rule(device=devices)
    def read(self, device: str) -> None:
        told = self.ask(get_device_variables, device, product="MV", license_key="M")
        assert told == self.activations.admitted(device)
        if told == "ok":
            items: Any = self.answer
            kept = {item["variable"]: item["value"] for item in items}
            assert kept == self.activations.variables.get(device, {})

    @rule(device=devices)
    def try_out(self, device: str) -> None:
        assert self.ask(trial_key, device, product="MV") == "ok"
        trial: Any = self.answer
        assert self.activations.trials.setdefault(device, trial["license"]) == trial["license"]

    @rule(minutes=st.sampled_from([1, 7, TIMEOUT - 1, TIMEOUT, 61, 12 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes * 60)

    @precondition(lambda self: self.steps_since_start >= 25)
    @rule()
    def restart(self) -> None:
        self.start()

    @invariant()
    def agrees_with_the_model(self) -> None:
        pages = self.license.features["pages"].consumption
        assert self.moving.times_activated == len(self.activations.active) <= PLACES
        assert self.moving.transfer_count == self.activations.transfers
        assert len(self.world.products["MV"].licenses) == 1 + len(self.activations.trials)
        for name, owner in (("license", self.license), ("render", self.license.features["render"])):
            slots, holders = owner.slots, self.pools[name].holders(self.now)
            assert slots is not None
            assert 0 <= slots.in_use(self.now) == len(holders) <= slots.allowed
        assert pages is not None
        assert self.license.consumption is not None
        assert self.license.consumption.total_at(self.now) == self.counters["license"].at(self.now)
        assert pages.total_at(self.now) == self.counters["pages"].at(self.now)
        assert self.world.pools["shared"].total_at(self.now) == self.shared


TestRequests = pytest.mark.slow(Requests.TestCase)
TestRequests.settings = settings(
    max_examples=100,
    stateful_step_count=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
