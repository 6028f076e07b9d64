"""Rows tried again, runs that are stopped, slots given back, and results that are settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import pytest

from licensespring_async import ConfigurationError, ConnectionFailed
from licensespring_async.fleet import InvalidRow, Outcome, Result, Row, Survey, check_many, rows_from
from licensespring_async.sandbox import Sandbox, World
from licensespring_async.transport import HttpRequest

from ..fakes import Play, refusal
from .fakes import Service, device_of, drained, row, rows

pytestmark = pytest.mark.anyio


@attrs.define
class Recovering(Service):
    """A service on which some devices fail a number of times before they are answered."""

    failures: dict[str, int] = attrs.field(factory=dict[str, int])

    def respond(self, request: HttpRequest) -> Play:
        device = device_of(request)
        if self.failures.get(device, 0) > 0:
            self.failures[device] -= 1
            return ConnectionFailed("no route")
        return super().respond(request)


async def test_a_failed_row_is_tried_again_behind_the_others() -> None:
    """An outage of a moment costs no result, and holds no other row back."""
    service = Recovering(failures={"d1": 1})
    async with check_many(service.client(), rows(3), concurrency=1, retries=1) as results:
        seen = [(each.row, each.outcome, each.attempts) async for each in results]
    assert service.devices == ["d1", "d2", "d3", "d1"]
    assert seen == [(2, Outcome.LICENSED, 1), (3, Outcome.LICENSED, 1), (1, Outcome.LICENSED, 2)]


async def test_a_row_is_tried_again_so_often_and_no_more() -> None:
    """A device that never answers has a result, with all requests counted."""
    service = Recovering(failures={"d1": 9})
    async with check_many(service.client(), rows(1), retries=2) as results:
        [result] = [each async for each in results]
    assert (result.outcome, result.attempts, len(service.devices)) == (Outcome.ERROR, 3, 3)


async def test_what_will_not_pass_is_not_tried_again() -> None:
    """An answer is an answer."""
    service = Service(plays={"d1": refusal("teapot", 418)})
    async with check_many(service.client(), rows(1), retries=5) as results:
        assert [each.code async for each in results] == ["teapot"]
    assert len(service.devices) == 1


async def test_a_stopped_run_takes_no_more_rows() -> None:
    """What is under way is finished, and the results end."""
    service = Service()
    checks = check_many(service.client(), rows(100), concurrency=2)
    seen = 0
    async with checks as results:
        async for _ in results:
            seen += 1
            checks.stop()
    assert seen == len(service.devices) < 10


async def test_skipped_rows_have_results() -> None:
    """A run that is broken off still tells what became of each row."""
    service = Service()
    checks = check_many(service.client(), rows(50), concurrency=2)
    seen: list[Result] = []
    async with checks as results:
        async for result in results:
            seen.append(result)
            checks.skip("enough")
    assert sorted(each.row for each in seen) == list(range(1, 51))
    assert len(service.devices) < 10
    assert seen[-1].message == "enough"


async def test_a_result_is_settled_before_its_worker_goes_on() -> None:
    """What is sent and not settled is never more than one row a worker."""
    service, settled = Service(), list[int]()

    class Ledger:
        async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
            assert len(service.devices) - len(settled) <= 3
            settled.append(result.row)
            return [result]

    async with check_many(service.client(), rows(40), concurrency=3, ledger=Ledger()) as results:
        assert len([each async for each in results]) == len(settled) == 40


async def test_a_ledger_that_fails_ends_the_run() -> None:
    """What cannot be kept is not sent, and the loop raises why."""
    service = Service()

    class Full:
        async def settle(self, result: Result, *, is_final: bool) -> Sequence[Result]:
            raise ConfigurationError("the disk is full")

    async with check_many(service.client(), rows(40), concurrency=2, ledger=Full()) as results:
        seen, error = await drained(results)
    assert (seen, str(error)) == ([], "the disk is full")
    assert len(service.devices) == 2


async def test_a_slot_is_given_back() -> None:
    """Two devices share one slot, because each gives it back after its check."""
    world = World()
    key = "9F2C-77AA-0B1E-C0DE"
    license = world.add_product("TP").add_license(key=key, max_activations=2)
    license.add_feature("render", floating_users=1)
    fleet = [{"product": "TP", "feature": "render", "hardware_id": name, "license_key": key} for name in "ab"]
    for each in fleet:
        license.activate(each["hardware_id"])
    async with (
        Sandbox(world) as sandbox,
        sandbox.client() as client,
        check_many(client, rows_from(fleet), concurrency=1, release=True) as results,
    ):
        seen = [(each.outcome, each.message, each.slots_in_use) async for each in results]
    assert seen == [(Outcome.LICENSED, "", 1)] * 2


async def test_licenses_are_checked_and_their_slots_given_back() -> None:
    """A row that asks for a license judges the license, and `release` frees the slot for the next device."""
    world = World()
    key = "9F2C-77AA-0B1E-C0DE"
    license = world.add_product("TP").add_license(key=key, max_activations=2, floating_users=1)
    fleet = [{"product": "TP", "hardware_id": name, "license_key": key, "check": "license"} for name in "ab"]
    for each in fleet:
        license.activate(each["hardware_id"])
    seen: dict[bool, list[Outcome]] = {}
    async with Sandbox(world) as sandbox, sandbox.client() as client:
        for release in (True, False):
            async with check_many(client, rows_from(fleet), concurrency=1, release=release) as results:
                seen[release] = [each.outcome async for each in results]
    assert seen == {True: [Outcome.LICENSED] * 2, False: [Outcome.LICENSED, Outcome.NOT_LICENSED]}


def test_the_same_device_is_asked_for_its_license_and_its_bundle() -> None:
    """Two kinds of check of one device are no duplicates, and are counted apart."""
    device = {"product": "APP", "hardware_id": "d1", "license_key": "K1"}
    with Survey(rows_from([device, {**device, "check": "license"}, {**device, "check": "bundle"}])) as survey:
        assert (survey.checks, survey.duplicates) == (2, 1)
        assert (survey.feature_checks, survey.license_checks, survey.bundle_checks) == (0, 1, 1)


def test_a_survey_counts() -> None:
    """Rows, duplicates, invalid rows, and what is checked how often."""
    bad = InvalidRow(row=4, reason="no device")
    given: list[Row | InvalidRow] = [row(1), row(2), attrs.evolve(row(1), row=3, line=9), bad, row(5, feature=None)]
    with Survey(given) as survey:
        assert (survey.rows, survey.duplicates, survey.invalid, survey.checks) == (5, 1, 1, 3)
        assert (survey.kinds, survey.feature_checks) == ({("APP", "render"): 2, ("APP", None): 1}, 2)
        assert list(survey.distinct()) == [row(1), row(2), bad, row(5, feature=None)]
        copies = survey.with_copies(Result(row=1, line=2, outcome=Outcome.LICENSED, attempts=1))
        assert [(each.row, each.line, each.attempts) for each in copies] == [(1, 2, 1), (3, 9, 0)]


def test_a_survey_gives_its_rows_again() -> None:
    """Rows of every kind, which their source may give only once, come again and again, the same and in their order."""
    whose = {"product": "APP", "username": "Ünal", "license_id": 7, "owner": "x" * 1000}
    kinds = [{**whose, "feature": "render", "bundle_code": "B"}, {**whose, "check": "license"}, whose]
    devices = ({**kind, "hardware_id": f"d{number}"} for number in range(100) for kind in kinds)
    given = [*rows_from(devices, keep=["owner"]), InvalidRow(row=301, line=9, reason="broken", kept={"owner": "ann"})]
    with Survey(iter(given)) as survey:
        for _ in range(2):
            assert list(survey.distinct()) == given


def test_a_survey_tells_inputs_apart() -> None:
    """The fingerprint is that of all rows in their order, and stays the same for the same rows."""
    prints: list[str] = []
    for given in (rows(3), rows(3), rows(2), rows(3)[::-1]):
        with Survey(given) as survey:
            prints.append(survey.fingerprint)
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_a_result_comes_back_from_json() -> None:
    """What the journal keeps is the whole result."""
    done = datetime(2031, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    result = Result(row=1, outcome=Outcome.ERROR, message="Zürich", at=done, slots_allowed=3, kept={"owner": "Ünal"})
    assert Result.from_json(result.to_json()) == result
    assert '"at":"2031-05-01T12:00:00.250+00:00"' in result.to_json()


def test_a_time_that_an_earlier_version_wrote_is_read() -> None:
    """It was seconds since the epoch."""
    result = Result.from_json('{"row": 1, "outcome": "licensed", "at": 1935403200.25}')
    assert result.at == datetime(2031, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
