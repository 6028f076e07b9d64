"""Decisions while the service cannot be reached."""

from __future__ import annotations

import anyio
import pytest

from licensespring_async import ConfigurationError, ConnectionFailed
from licensespring_async.services import Grace

from ...fakes import answer, http_date
from .scenes import CHECK, DOWN, NO, Drawer, Player, Scene


def test_grace_stands_for_its_hours(play: Player) -> None:
    """The last yes stands while nobody answers, for the given hours and no longer."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=60, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [DOWN]
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
            scene.service.answers = [NO]
            assert not await gate.allows(CHECK)
            await anyio.sleep(60)
            scene.service.answers = [DOWN]
            assert not await gate.allows(CHECK)

    play(scenario)


def test_an_unproved_date_ends_no_grace(play: Player) -> None:
    """A Date on an answer that nobody verified, as any proxy may send it, does not shorten the grace."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=60, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            await anyio.sleep(60)
            scene.service.answers = [answer(503, "", date=http_date(scene.clock.time() + 86_400))]
            assert (await gate.allows(CHECK)).source == "grace"
            await anyio.sleep(60)
            scene.service.answers = [DOWN]
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)


def test_grace_is_not_called_before_its_time(play: Player) -> None:
    """An answer that still lives is given as such while its renewal fails."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=100, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [DOWN]
            await anyio.sleep(80)
            sources = set[str]()
            for _ in range(15):
                sources.add((await gate.allows(CHECK)).source)
                await anyio.sleep(1)
            assert sources == {"memory"}
            await anyio.sleep(10)
            assert (await gate.allows(CHECK)).source == "grace"

    play(scenario)


def test_grace_notices_a_no_within_the_time_to_live(play: Player) -> None:
    """A refusal of a service that is back ends a grace answer after the gate's own ttl."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate(ttl=5, refresh_ahead=1, grace=Grace(hours=1)) as gate:
            await gate.allows(CHECK)
            scene.service.answers = [DOWN]
            await anyio.sleep(5)
            assert (await gate.allows(CHECK)).source == "grace"
            scene.service.answers = [NO]
            await anyio.sleep(5)
            assert not await gate.allows(CHECK)

    play(scenario)


def test_a_store_needs_a_secret() -> None:
    """Refuses to store what nothing protects."""
    with pytest.raises(ConfigurationError, match="secret"):
        Grace(hours=1, store=Drawer())


@pytest.mark.parametrize("secret", ["text of some length", None, b"short", bytearray(16)], ids=str)
def test_a_secret_is_bytes(secret: object) -> None:
    """Refuses a secret of another type, or too short, when the grace is made."""
    with pytest.raises(ConfigurationError, match="secret"):
        Grace(hours=1, store=Drawer(), secret=secret)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
