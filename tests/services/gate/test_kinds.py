"""Checks of features, licenses and bundles: a gate answers each kind, and never one with the answer of another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import attrs
import pytest

from licensespring_async import CircuitPolicy, ConnectionFailed, InvalidParameter, RetryPolicy
from licensespring_async.checks import Check
from licensespring_async.services import Decision, GateOverloaded, Grace, LicenseGate

from ...fakes import FEATURE, ScriptedEngine, answer, client
from .scenes import (
    ALL,
    BUNDLE,
    CHECK,
    DOWN,
    LICENSE,
    NO,
    OK,
    SECRET,
    Drawer,
    Player,
    Scene,
    bundle,
    license,
    restarted,
    yes,
)


def after(scene: Scene, seconds: float) -> str:
    return datetime.fromtimestamp(scene.clock.time() + seconds, UTC).isoformat()


def floating(minutes: int, **changes: object) -> dict[str, object]:
    return {"is_floating_cloud": True, "floating_users": 9, "floating_timeout": minutes, **changes}


kinds = pytest.mark.parametrize("check", ALL, ids=lambda check: type(check).__name__)


@kinds
def test_each_kind_is_answered(play: Player, check: Check) -> None:
    """Is asked once for all who wait, kept, renewed in the background, refused, and kept refused."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [yes]
        async with scene.gate(ttl=100, refused_ttl=60) as gate:
            async with anyio.create_task_group() as callers:
                for _ in range(5):
                    callers.start_soon(gate.allows, check)
            assert gate.known(check.key)
            await anyio.sleep(85)
            scene.service.answers = [NO]
            assert (await gate.allows(check)).source == "memory"
            await anyio.sleep(5)
            told = [await gate.allows(check) for _ in range(3)]
            assert [(bool(each), each.code, each.source) for each in told] == [
                (False, "license_not_found", "memory")
            ] * 3
        assert len(scene.service.requests) == 2

    play(scenario)


@kinds
def test_each_kind_has_grace(play: Player, check: Check) -> None:
    """Lets the last yes stand through a restart while nobody answers, and never a yes before a stored no."""

    async def scenario(scene: Scene) -> None:
        drawer = Drawer()
        scene.service.answers = [yes]
        async with scene.gate(grace=Grace(hours=1, store=drawer, secret=SECRET)) as gate:
            assert await gate.allows(check)
        decision = await restarted(scene, drawer, check)
        assert (bool(decision), decision.source) == (True, "grace")
        scene.service.answers = [NO]
        async with scene.gate(grace=Grace(hours=1, store=drawer, secret=SECRET)) as gate:
            assert not await gate.allows(check)
        decision = await restarted(scene, drawer, check)
        assert (bool(decision), decision.code) == (False, "license_not_found")

    play(scenario)


@kinds
def test_each_kind_stands_behind_a_circuit(play: Player, check: Check) -> None:
    """Lets the last yes stand while the circuit is open, and asks the service no more than the circuit does."""

    async def scenario(scene: Scene) -> None:
        circuit = CircuitPolicy(min_attempts=2, open_for=1000)
        guarded = client(scene.service, scene.clock, circuit=circuit, retry=RetryPolicy(max_attempts=1))
        scene.service.answers = [yes]
        async with LicenseGate(guarded, ttl=10, grace=Grace(hours=1), clock=scene.clock) as gate:
            assert await gate.allows(check)
            scene.service.answers = [DOWN]
            for _ in range(20):
                await anyio.sleep(10)
                assert (await gate.allows(check)).source == "grace"
        assert len(scene.service.requests) < 5

    play(scenario)


@kinds
def test_no_kind_is_answered_with_another(play: Player, check: Check) -> None:
    """Neither memory nor the store gives a check the answer of one of another kind, however alike."""
    shortened = attrs.evolve(CHECK, bundle_code=None)

    async def scenario(scene: Scene) -> None:
        drawer = Drawer()
        scene.service.answers = [yes]
        async with scene.gate(grace=Grace(hours=1, store=drawer, secret=SECRET)) as gate:
            await gate.allows(check)
            scene.service.answers = [DOWN]
            for other in [each for each in [*ALL, shortened] if type(each) is not type(check)]:
                assert gate.known(other.key) is None
                with pytest.raises(ConnectionFailed):
                    await gate.allows(other)

    play(scenario)


def test_keys_of_all_kinds_differ() -> None:
    """Has one key for all spellings of a check, and different keys for checks that name the same things."""
    names: list[dict[str, Any]] = [{}, {"license_id": 5}]
    codes: list[dict[str, Any]] = [{}, {"bundle_code": "APP"}]
    checks: list[Check] = [attrs.evolve(each, **name) for each in ALL for name in names]
    checks += [attrs.evolve(each, **code, **name) for each in (CHECK, LICENSE) for code in codes[1:] for name in names]
    assert len({each.key for each in checks}) == len(checks)
    for each in checks:
        spelled = attrs.evolve(each, hardware_id="DEVICE-1", license_key="Secret-KEY-1")
        assert spelled.key == each.key


@kinds
def test_a_no_to_one_spelling_is_a_no_to_all(play: Player, check: Check) -> None:
    """Gives no grace for a yes to a key in capitals once the same key in small letters was refused."""

    async def scenario(scene: Scene) -> None:
        drawer = Drawer()
        grace = Grace(hours=1, store=drawer, secret=SECRET)
        spelled = attrs.evolve(check, license_key="SECRET-KEY-1")
        scene.service.answers = [yes]
        async with scene.gate(grace=grace) as gate:
            assert await gate.allows(check)
        scene.service.answers = [NO]
        async with scene.gate(grace=grace) as gate:
            assert not await gate.allows(spelled)
        assert not await restarted(scene, drawer, check)

    play(scenario)


@pytest.mark.parametrize("check", [LICENSE, BUNDLE], ids=["license", "bundle"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"license_enabled": False}, "license_not_enabled"),
        ({"license_active": False}, "license_not_active"),
        ({"is_expired": True}, "license_expired"),
        ({"validity_period": "2001-01-01T00:00:00Z"}, "license_expired"),
        ({"start_date": "2999-01-01T00:00:00Z"}, "license_not_started"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_yes(play: Player, check: Check, changes: dict[str, object], code: str) -> None:
    """Refuses what the service answers for a license that cannot be used, in grace as well."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [license(**changes) if check is LICENSE else bundle(changes, changes)]
        async with scene.gate(refused_ttl=60, grace=Grace(hours=1)) as gate:
            decision = await gate.allows(check)
            assert (bool(decision), decision.code) == (False, code)
            await anyio.sleep(60)
            scene.service.answers = [DOWN]
            assert not await gate.allows(check)

    play(scenario)


def test_an_empty_bundle_is_refused(play: Player) -> None:
    """Says no to a bundle without a license."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [bundle()]
        async with scene.gate() as gate:
            assert (await gate.allows(BUNDLE)).code == "empty_bundle"

    play(scenario)


def life(decision: Decision) -> float:
    return decision.expires_at - decision.checked_at


def test_a_license_ends_at_its_own_end(play: Player) -> None:
    """Keeps no answer past the license's end, a subscription's grace period included, nor lets it stand in grace."""

    async def scenario(scene: Scene) -> None:
        subscription = {"license_type": "subscription", "allow_grace_period": True, "grace_period": 1}
        scene.service.answers = [license(validity_period=after(scene, 31), **subscription)]
        async with scene.gate(ttl=100_000, grace=Grace(hours=9)) as gate:
            assert life(await gate.allows(LICENSE)) == pytest.approx(3630, abs=1)
            await anyio.sleep(3631)
            scene.service.answers = [DOWN]
            with pytest.raises(ConnectionFailed):
                await gate.allows(LICENSE)

    play(scenario)


def test_a_bundle_ends_with_its_last_valid_license(play: Player) -> None:
    """Keeps the yes to a bundle until the latest end of those of its licenses that are valid."""

    async def scenario(scene: Scene) -> None:
        soon, later, never = ({"validity_period": after(scene, seconds)} for seconds in (31, 61, 9999))
        scene.service.answers = [bundle(soon, later, {**never, "license_enabled": False})]
        async with scene.gate(ttl=1000, grace=Grace(hours=9)) as gate:
            assert life(await gate.allows(BUNDLE)) == pytest.approx(60, abs=1)
            await anyio.sleep(61)
            scene.service.answers = [DOWN]
            with pytest.raises(ConnectionFailed):
                await gate.allows(BUNDLE)

    play(scenario)


@pytest.mark.parametrize("check", [LICENSE, BUNDLE], ids=["license", "bundle"])
def test_the_shortest_slot_counts(play: Player, check: Check) -> None:
    """Keeps a floating answer for half of the shortest time-out of what may be used, and in grace for all of it."""

    async def scenario(scene: Scene) -> None:
        parts = [floating(9), floating(2), {}, floating(1, license_enabled=False)]
        scene.service.answers = [license(**floating(2)) if check is LICENSE else bundle(*parts)]
        async with scene.gate(ttl=1000, grace=Grace(hours=9)) as gate:
            decision = await gate.allows(check)
            assert decision.floating
            assert life(decision) == pytest.approx(60)
            scene.service.answers = [DOWN]
            await anyio.sleep(100)
            assert (await gate.allows(check)).source == "grace"
            await anyio.sleep(20)
            with pytest.raises(ConnectionFailed):
                await gate.allows(check)

    play(scenario)


def test_a_borrowed_slot_is_held_until_it_goes_back(play: Player) -> None:
    """Lets the yes to a borrowed feature stand in grace until it goes back, as no other device can have the slot."""

    async def scenario(scene: Scene) -> None:
        borrowed = floating(1, is_borrowed=True, borrowed_until=after(scene, 7200))
        scene.service.answers = [answer(body={**FEATURE, **borrowed})]
        async with scene.gate(ttl=60, grace=Grace(hours=9)) as gate:
            assert await gate.allows(CHECK)
            scene.service.answers = [DOWN]
            await anyio.sleep(7100)
            assert (await gate.allows(CHECK)).source == "grace"
            await anyio.sleep(100)
            with pytest.raises(ConnectionFailed):
                await gate.allows(CHECK)

    play(scenario)


@kinds
def test_refusals_of_each_kind_are_counted(play: Player, check: Check) -> None:
    """Asks a bounded number of times for keys that nobody has, of whatever kind the check is."""

    async def scenario(scene: Scene) -> None:
        scene.service.answers = [NO]
        overloaded = 0
        async with scene.gate(miss_burst=5, miss_rate=0.001) as gate:
            for number in range(20):
                try:
                    await gate.allows(attrs.evolve(check, license_key=f"wrong-{number}"))
                except GateOverloaded:
                    overloaded += 1
        assert (len(scene.service.requests), overloaded) == (5, 15)

    play(scenario)


@pytest.mark.anyio
@pytest.mark.parametrize("wrong", [None, "APP", CHECK.key, {"product": "APP"}], ids=["None", "text", "key", "dict"])
async def test_what_is_no_check_is_refused(wrong: object) -> None:
    """Refuses what is no check before anything is sent."""
    service = ScriptedEngine([OK])
    async with client(service) as asking, LicenseGate(asking) as gate:
        with pytest.raises(InvalidParameter, match="check: must be a FeatureCheck, a LicenseCheck or a BundleCheck"):
            await gate.allows(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert not service.requests
