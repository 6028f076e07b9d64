"""The headers of attempts: made once a second, and never those of another second or kind of request."""

from __future__ import annotations

from typing import Any

import pytest

from licensespring_async.auth import imf_fixdate
from licensespring_async.transport import HttpRequest

from ..fakes import ScriptedEngine, answer, client
from ..unit.fakes import FEATURE, VirtualTime
from .engines import Maker
from .loopback import answering, ok, serving

pytestmark = pytest.mark.anyio


async def test_attempts_of_one_second_share_their_headers() -> None:
    """Dates and signs each attempt with its own second."""
    clock, engine = VirtualTime(), ScriptedEngine([answer()])
    asking = client(engine, clock.clock)
    dates: list[float] = []
    for step in (0.0, 0.25, 1.0, 0.0):
        clock.now += step
        dates.append(clock.now)
        await asking.check_license_feature(**FEATURE)

    headers = [each.headers for each in engine.requests]
    assert [each["Date"] for each in headers] == [imf_fixdate(each) for each in dates]
    assert [each is headers[0] for each in headers] == [True, True, False, False]
    assert headers[0]["Authorization"] != headers[2]["Authorization"] == headers[3]["Authorization"]


async def test_only_a_body_has_a_media_type() -> None:
    """Sends a Content-Type with a body, and none without, in the same second too."""
    engine = ScriptedEngine([answer()])
    asking = client(engine, VirtualTime().clock)
    for _ in range(2):
        await asking.check_license_feature(**FEATURE)
        await asking.request("POST", "/api/v4/any", {"a": "b"}, model=object, signed=False)

    assert ["Content-Type" in each.headers for each in engine.requests] == [False, True] * 2


async def test_an_engine_cannot_change_the_next_requests_headers() -> None:
    """Hands an engine headers that it can only read."""

    class Meddling(ScriptedEngine):
        async def send(self, request: HttpRequest, timeout: float) -> Any:
            with pytest.raises(TypeError):
                request.headers["Via"] = "me"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
            return await super().send(request, timeout)

    await client(Meddling([answer()])).check_license_feature(**FEATURE)


async def test_headers_that_changed_are_sent_as_they_are(our_engines: Maker) -> None:
    """Sends what a mapping holds now, though it is the one of the last request."""
    headers = {"X": "1"}
    async with serving(answering(ok())) as server, our_engines() as engine:
        for value in ("1", "2"):
            headers["X"] = value
            await engine.send(HttpRequest("GET", server.origin + "/x", headers), 5)

    assert [b"X: 2\r\n" in each for each in server.requests] == [False, True]
