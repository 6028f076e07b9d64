"""What a gate does outside its `async with`, and what a check must be."""

from __future__ import annotations

import anyio
import attrs
import pytest

from licensespring_async import ConfigurationError, InvalidParameter, LicenseSpring
from licensespring_async.services import LicenseGate

from ...fakes import ScriptedEngine, client
from .scenes import CHECK, Player, Scene


def test_a_closing_gate_lets_nobody_wait(play: Player) -> None:
    """Whoever still waits when the gate closes is told so."""

    async def scenario(scene: Scene) -> None:
        told: list[str] = []

        async def ask(gate: LicenseGate) -> None:
            try:
                await gate.allows(CHECK)
            except ConfigurationError as error:
                told.append(str(error))

        async with anyio.create_task_group() as callers, scene.gate() as gate:
            callers.start_soon(ask, gate)
            await anyio.sleep(0.5)
        assert told == ["the gate was closed during the request"]

    play(scenario)


def test_a_closed_gate_has_forgotten(play: Player) -> None:
    """Says nothing from memory after its end, however good the answer still is."""

    async def scenario(scene: Scene) -> None:
        async with scene.gate() as gate:
            await gate.allows(CHECK)
        assert gate.known(CHECK.key) is None
        with pytest.raises(ConfigurationError, match="not open"):
            await gate.allows(CHECK)

    play(scenario)


@pytest.mark.anyio
async def test_a_closed_gate_says_so() -> None:
    """A gate that is not open asks nothing."""
    with pytest.raises(ConfigurationError, match="not open"):
        await LicenseGate(client(ScriptedEngine())).allows(CHECK)


@pytest.mark.parametrize("wrong", [None, LicenseSpring, "https://api.licensespring.com"])
def test_a_gate_needs_a_client(wrong: object) -> None:
    """What is no client is refused when the gate is made; a `Licensing` takes the class, and so may people here."""
    with pytest.raises(ConfigurationError, match="client: must be a LicenseSpring object"):
        LicenseGate(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_grace_is_no_number_of_hours() -> None:
    """A number is refused when the gate is made, and the error shows what to write."""
    with pytest.raises(ConfigurationError, match=r"grace: must be a Grace, for example Grace\(hours=72\)"):
        LicenseGate(client(ScriptedEngine()), grace=72)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "wrong",
    [
        {"hardware_id": " "},
        {"hardware_id": ["device-1"]},
        {"hardware_id": b"device-1"},
        {"username": "ana"},
        {"license_key": None},
        {"license_key": ""},
        {"license_id": True},
        {"bundle_code": "\n"},
        {"product": None},
        {"feature": ""},
    ],
    ids=str,
)
def test_a_check_can_be_asked(wrong: dict[str, object]) -> None:
    """Refuses what no request could ask for when the check is made, naming the argument."""
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        attrs.evolve(CHECK, **wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_check_hides_its_secrets() -> None:
    """Shows neither key nor device."""
    assert "secret" not in repr(CHECK)
    assert "device-1" not in repr(CHECK)
