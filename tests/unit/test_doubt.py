"""A call that must not happen twice, and whose answer was lost: the client finds out what became of it."""

from __future__ import annotations

import pytest

from licensespring_async import (
    ApiError,
    ConnectionFailed,
    ConnectionLost,
    DeviceNotFound,
    LicenseFeature,
    LicenseSpringError,
    endpoints,
)
from licensespring_async.endpoints.requests import post
from licensespring_async.models.shapes import One
from licensespring_async.transport.values import Call, Repeat

from ..fakes import Script, ScriptedEngine, answer, client, refusal
from . import bodies
from .fakes import FEATURE, VirtualTime

pytestmark = pytest.mark.anyio

YES = answer(200, bodies.feature())
UNKNOWN = refusal("device_not_found")
BROKEN = answer(503, "busy")


def acting() -> Call[LicenseFeature]:
    """A call that acts, and that a feature check finds out about."""
    return post(
        "activate_feature",
        {},
        One(LicenseFeature),
        repeat=Repeat.UNLESS_ACTED,
        doubt=lambda: endpoints.check_license_feature(**FEATURE),
    )


async def asked(*answers: Script) -> tuple[list[str], str | LicenseSpringError]:
    """The paths that were asked for, and the feature or the error that came of it."""
    engine = ScriptedEngine(list(answers))
    try:
        outcome: str | LicenseSpringError = (await client(engine, VirtualTime().clock).perform(acting())).value.code
    except LicenseSpringError as error:
        outcome = error
    return [each.url.partition("/api/v4/")[2].partition("?")[0] for each in engine.requests], outcome


async def test_an_answer_that_came_leaves_no_doubt() -> None:
    """Asks once when the answer arrives."""
    assert await asked(YES) == (["activate_feature"], "render")


async def test_a_lost_answer_is_found_out() -> None:
    """Returns what the follow-up says when the connection broke after the request was sent."""
    assert await asked(ConnectionLost(""), YES) == (["activate_feature", "check_license_feature"], "render")


async def test_a_failure_of_the_service_is_found_out() -> None:
    """Finds out after a 5xx too: the service may have acted before it failed."""
    assert await asked(BROKEN, YES) == (["activate_feature", "check_license_feature"], "render")


async def test_a_call_that_did_not_act_is_made_again() -> None:
    """Sends the call a second time when the service does not know the device."""
    paths, outcome = await asked(ConnectionLost(""), UNKNOWN, YES)

    assert (paths, outcome) == (["activate_feature", "check_license_feature", "activate_feature"], "render")


async def test_a_refusal_leaves_no_doubt() -> None:
    """Raises a refusal as it is: nothing has happened."""
    paths, outcome = await asked(UNKNOWN)

    assert paths == ["activate_feature"]
    assert type(outcome) is DeviceNotFound


async def test_a_request_that_never_left_is_repeated_without_doubt() -> None:
    """Repeats what certainly did not happen, and asks nothing else."""
    assert await asked(ConnectionFailed(""), YES) == (["activate_feature", "activate_feature"], "render")


async def test_a_call_that_nothing_finds_out_about_is_left_in_doubt() -> None:
    """Sends a count once, and says that it is not known whether it was counted."""
    engine = ScriptedEngine([ConnectionLost("cut")])

    with pytest.raises(ConnectionLost) as caught:
        await client(engine, VirtualTime().clock).add_consumption(product="TP", hardware_id="d", license_key="K")

    assert len(engine.requests) == 1
    assert "not known whether add_consumption has acted" in caught.value.__notes__[-1]


async def test_a_doubt_that_stays_is_said() -> None:
    """Raises the first failure, with a note on what is not known and why, when the follow-up fails as well."""
    paths, outcome = await asked(ConnectionLost("cut"), refusal("invalid_api_key", 401))

    assert paths == ["activate_feature", "check_license_feature"]
    assert isinstance(outcome, ConnectionLost)
    assert outcome.may_have_acted
    assert "not known whether activate_feature has acted" in outcome.__notes__[-1]
    assert isinstance(outcome.__cause__, ApiError)
