"""Bodies that JavaScript reads and writes again unchanged, since some clients verify what it wrote."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensespring_async.sandbox import Consumption, Sandbox, World, demo_fleet
from licensespring_async.sandbox.wire.jsontext import Json, encode, json_object

from .calling import BUNDLE, FEATURE, Caller, VirtualClock, new_http

NODE = shutil.which("node")
AGAIN = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(text => JSON.stringify(JSON.parse(text)))));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def written_by_javascript(bodies: list[str]) -> list[str]:
    assert NODE is not None
    run = subprocess.run(
        [NODE, "-e", AGAIN], input=json.dumps(bodies), capture_output=True, text=True, check=True, timeout=30
    )
    again: list[str] = json.loads(run.stdout)
    return again


@settings(max_examples=8)
@given(st.lists(st.dictionaries(texts, values), min_size=1, max_size=60))
def test_what_the_encoder_lets_in_survives(objects: list[dict[str, Json]]) -> None:
    """Writes every object that it accepts as JavaScript would, whatever is in it."""
    bodies: list[str] = []
    for value in objects:
        try:
            bodies.append(encode(json_object(value)).decode())
        except ValueError:
            continue
    assert written_by_javascript(bodies) == bodies


@pytest.mark.anyio
async def test_answers_survive(clock: VirtualClock) -> None:
    """Answers every endpoint in a text that JavaScript writes the same, in the demo world and beyond it."""
    world = World()
    license = world.add_product("TP", metadata={"ratio": 0.1, "größe": ["", '"\\/\b\f\n\r\t\u2028\u007f']}).add_license(
        key="K", floating_users=2, max_borrow_time=1, consumption=Consumption(maximum=2**53 - 1)
    )
    license.add_feature(
        "f", floating_users=2, max_borrow_time=1, consumption=Consumption(total=-4, allow_negative=True)
    )
    bodies: list[str] = []
    async with Sandbox(clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        for row in demo_fleet()[:40]:
            ask = {name: value for name, value in row.items() if value}
            bodies.append((await caller.get(FEATURE if "feature" in ask else BUNDLE, ask)).text)
    async with Sandbox(world, clock=clock) as sandbox, new_http() as http:
        caller = Caller(sandbox=sandbox, clock=clock, http=http)
        ask = {"product": "TP", "license_key": "K", "hardware_id": "hw-1", "feature": "f"}
        for path in ("activate_license", "floating/borrow", "floating/feature_borrow", "add_consumption"):
            answer = await caller.post(path, {**ask, "borrowed_until": None, "variables": {"share": 0.25}})
            assert answer.status_code == 200, answer.text
            bodies.append(answer.text)
        paths = (FEATURE, "/api/v4/check_license", "/api/v4/product_details", "/api/v4/.well-known")
        bodies += [(await caller.get(path, ask)).text for path in paths]
        bodies.append((await caller.post("deactivate_license", ask)).text)
    assert written_by_javascript(bodies) == bodies
