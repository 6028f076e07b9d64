"""One sandbox for the whole run, over a real socket; every test sells its own product in it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from licensespring_async.sandbox import License, Product, Sandbox, World

from .calling import Caller, VirtualClock, new_http

_NUMBERS = itertools.count(1)


@pytest.fixture
def anyio_backend() -> str:
    """Ask on one event loop: the sandbox that answers has a loop of its own."""
    return "asyncio"


@pytest.fixture
def clock() -> VirtualClock:
    return _CLOCK


_CLOCK = VirtualClock()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    served = Sandbox(World(), clock=_CLOCK)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(served):
        yield served


@pytest.fixture
async def caller(sandbox: Sandbox, clock: VirtualClock) -> AsyncIterator[Caller]:
    async with new_http() as http:
        yield Caller(sandbox=sandbox, clock=clock, http=http)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return sandbox.world


@pytest.fixture
def product(world: World) -> Product:
    return world.add_product(f"P{next(_NUMBERS)}")


@pytest.fixture
def license(product: Product) -> License:
    """A license that is active on hw-1."""
    sold = product.add_license(key="8C1A-22F0-9B3D-77E4", max_activations=5)
    sold.activate("hw-1")
    return sold


@pytest.fixture
def ask(license: License) -> dict[str, str | int]:
    """What hw-1 asks about the license's feature `render`."""
    return {
        "product": license.product.short_code,
        "hardware_id": "hw-1",
        "license_key": license.identifier,
        "feature": "render",
    }


@pytest.fixture
def bundle(world: World, product: Product) -> License:
    """A bundle's license that is active on hw-1."""
    suite = world.add_bundle(f"B{next(_NUMBERS)}", members=[product])
    sold = suite.add_license(max_activations=5)
    sold.activate("hw-1")
    return sold


@pytest.fixture
def ask_bundle(bundle: License) -> dict[str, str | int]:
    return {
        "product": bundle.product.short_code,
        "hardware_id": "hw-1",
        "license_key": bundle.identifier,
    }
