"""An expired license stays expired when the host's clock is turned back.

The local clock of these tests is the machine's own; the service lives in the year 2100, so that the machine's clock has
been turned back by decades.
"""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import Bundle, LicenseFeature, LicenseSpring, LicenseSpringError
from licensespring_async.auth import imf_fixdate
from licensespring_async.models.converter import structure
from licensespring_async.models.expiry import TimeFloor, judge
from licensespring_async.models.model import to_json
from licensespring_async.transport import HttpResponse

from ..fakes import KEY, ScriptedEngine, answer, client, http_date, refusal
from . import bodies
from .fakes import DEVICE, FEATURE, VirtualTime
from .keys import Signer

ENDS = datetime(2100, 1, 1, tzinfo=UTC)
BEFORE, AFTER = ENDS - timedelta(days=1), ENDS + timedelta(days=1)
THEN = "2100-01-01T00:00:00.000Z"


@attrs.define
class Service:
    """A service in its own time, and a client of it."""

    signer: Signer
    time: VirtualTime = attrs.field(factory=lambda: VirtualTime(BEFORE.timestamp()))
    engine: ScriptedEngine = attrs.field(factory=ScriptedEngine)
    client: LicenseSpring = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.client = LicenseSpring(
            auth=KEY, engine=self.engine, public_key=self.signer.public_key, clock=self.time.clock, max_answer_age=None
        )

    def answers(self, value: object, at: datetime, **headers: str) -> None:
        """Answer this from now on, signed, at a moment of the service's."""
        body = bodies.encoded(value)
        headers = self.signer.headers(body) | {"date": imf_fixdate(at.timestamp())} | headers
        self.engine.answers = [HttpResponse(200, headers, body)]

    async def feature(self, at: datetime, **headers: str) -> LicenseFeature:
        self.answers(bodies.feature(code="render", expiry_date=THEN), at, **headers)
        return await self.client.check_license_feature(**FEATURE)

    async def bundle(self, at: datetime) -> Bundle:
        item = bodies.license(product_details=bodies.product("APP"), validity_period=THEN, license_signature=None)
        item["product_features"] = [bodies.product_feature(expiry_date=THEN)]
        self.answers([item], at)
        return await self.client.check_bundle(**DEVICE)


@pytest.fixture
def service(signer: Signer) -> Service:
    return Service(signer)


@pytest.mark.anyio
async def test_an_expired_feature_is_expired_though_the_clock_was_turned_back(service: Service) -> None:
    """Judges by the Date of the answer itself when the local clock is behind it."""
    feature = await service.feature(AFTER)

    assert feature.is_expired()
    assert feature.expires_in() == ENDS - AFTER
    assert service.client.newest_date == AFTER


@pytest.mark.anyio
async def test_an_answer_that_came_before_is_judged_too(service: Service) -> None:
    """Judges each copy of an answer that comes again."""
    features = [await service.feature(AFTER) for _ in range(4)]

    assert [feature.is_expired() for feature in features] == [True] * 4


@pytest.mark.anyio
async def test_a_later_answer_counts_for_earlier_ones(service: Service) -> None:
    """Ends a feature that was in force when a later answer of the same client proves that its time is over."""
    feature = await service.feature(BEFORE)
    assert not feature.is_expired()

    await service.bundle(AFTER)

    assert feature.is_expired()


@pytest.mark.anyio
async def test_an_older_answer_changes_nothing(service: Service) -> None:
    """Keeps the newest Date, though an older one comes later."""
    feature = await service.feature(AFTER)

    await service.feature(BEFORE)

    assert feature.is_expired()
    assert service.client.newest_date == AFTER


@pytest.mark.anyio
async def test_time_goes_on_between_answers(service: Service) -> None:
    """Carries the newest Date on by a clock that nobody sets."""
    feature = await service.feature(BEFORE)

    service.time.now += timedelta(days=1).total_seconds()

    assert feature.is_expired()


@pytest.mark.anyio
async def test_a_license_and_its_features_end_together(service: Service) -> None:
    """Judges the licenses of a bundle, and the features inside them, in the same way."""
    license = (await service.bundle(AFTER))["APP"]

    assert license.is_valid().reason == "expired"
    assert license.expires_in() == ENDS - AFTER
    assert [each.is_expired() for each in license.product_features] == [True]


@pytest.mark.anyio
async def test_now_decides_when_it_is_given(service: Service) -> None:
    """Answers for the moment that was asked about, whatever the service has proved."""
    feature = await service.feature(AFTER)

    assert not feature.is_expired(BEFORE)
    assert feature.expires_in(BEFORE) == ENDS - BEFORE


@pytest.mark.anyio
async def test_one_client_does_not_expire_anothers_licenses(service: Service, signer: Signer) -> None:
    """Keeps what one service proves from the licenses of another, as a sandbox's clock is moved in tests."""
    feature = await Service(signer).feature(BEFORE)

    await service.feature(AFTER)

    assert not feature.is_expired()


@pytest.mark.anyio
async def test_copies_of_a_client_share_what_was_proved(service: Service) -> None:
    """Lets the answers of `with_options` count for those of the original."""
    feature = await service.feature(BEFORE)
    service.answers(bodies.feature(code="render"), AFTER)

    await service.client.with_options(timeout=3).with_raw_response.check_license_feature(**FEATURE)

    assert feature.is_expired()


@pytest.mark.anyio
@pytest.mark.parametrize("flaw", ["not signed", "about another feature", "an error", "no JSON"])
async def test_what_was_thrown_away_proves_nothing(service: Service, stranger: Signer, flaw: str) -> None:
    """Takes no time from an answer that was not believed."""
    feature = await service.feature(BEFORE)
    service.answers(bodies.feature(code="other" if flaw == "about another feature" else "render"), AFTER)
    [good] = service.engine.answers
    assert isinstance(good, HttpResponse)
    body = b"{" if flaw == "no JSON" else good.body
    by = stranger if flaw == "not signed" else service.signer
    status = 500 if flaw == "an error" else 200
    service.engine.answers = [HttpResponse(status, {**good.headers, **by.headers(body)}, body)]

    with pytest.raises(LicenseSpringError):
        await service.client.check_license_feature(**FEATURE)

    assert not feature.is_expired()


@pytest.mark.anyio
@pytest.mark.parametrize("date", ["", "soon", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_an_odd_date_is_no_failure(service: Service, date: str) -> None:
    """Answers the same questions whatever a Date says."""
    feature = await service.feature(BEFORE, date=date)
    service.time.now += 10**6

    assert feature.is_expired() is ("9999" in date)
    assert (feature.expires_in() is not None, (service.client.newest_date is None)) == (True, len(date) < 5)


@pytest.mark.anyio
async def test_an_unverified_answer_proves_no_time() -> None:
    """Judges by the local clock alone where signatures are not checked."""
    asking = client(ScriptedEngine([answer(body=[], date=http_date(AFTER.timestamp()))]), max_answer_age=None)

    await asking.check_bundle(**DEVICE)

    assert asking.newest_date is None


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["internal_error", "date_header_diff"])
@pytest.mark.parametrize("years", [1, 7, 50])
async def test_the_date_of_an_error_revives_nothing(signer: Signer, code: str, years: int) -> None:
    """Judges a recording by the machine's own clock, though an unsigned error announced the time it was made."""
    time = VirtualTime(AFTER.timestamp())
    then = AFTER - timedelta(days=365 * years)
    body = bodies.encoded(bodies.feature(code="render", expiry_date=(then + timedelta(days=1)).isoformat()))
    date = http_date(then.timestamp())
    engine = ScriptedEngine([refusal(code, date=date), answer(200, body, date=date, **signer.headers(body))])
    client = LicenseSpring(auth=KEY, engine=engine, public_key=signer.public_key, clock=time.clock, max_answer_age=None)
    if code != "date_header_diff":
        with pytest.raises(LicenseSpringError):
            await client.check_license_feature(**FEATURE)

    feature = await client.check_license_feature(**FEATURE)

    assert client.now() == AFTER
    assert feature.is_expired(client.now())


@pytest.mark.anyio
async def test_the_moment_is_the_later_of_two(service: Service) -> None:
    """Judges by the local clock when it is ahead, else by what was verified; both go on."""
    await service.feature(AFTER)
    assert service.client.now() == AFTER

    service.time.now = (AFTER + timedelta(days=3)).timestamp()
    assert service.client.now() >= AFTER + timedelta(days=3)

    await service.feature(BEFORE)
    assert service.client.now() >= AFTER + timedelta(days=3)


@pytest.mark.anyio
async def test_two_dates_prove_no_time(service: Service) -> None:
    """Takes no time from an answer with two Dates, of which anyone may have written the first."""
    await service.feature(BEFORE, date=f"{imf_fixdate(AFTER.timestamp())}, {imf_fixdate(BEFORE.timestamp())}")

    assert service.client.newest_date is None


@pytest.mark.anyio
async def test_a_pickle_keeps_the_moment(service: Service) -> None:
    """Stays expired in another process, which knows nothing of the client; and goes on from there."""
    feature, license = await service.feature(AFTER), (await service.bundle(AFTER))["APP"]

    feature, license = pickle.loads(pickle.dumps((feature, license)))

    assert feature.is_expired()
    assert not license.is_valid()
    assert license.product_features[0].is_expired()


@pytest.mark.anyio
async def test_copies_follow_the_client(service: Service) -> None:
    """Lets later answers count for copies of a model too."""
    feature = await service.feature(BEFORE)
    copies = [copy.copy(feature), copy.deepcopy(feature), attrs.evolve(feature, name="other")]

    await service.feature(AFTER)

    assert [each.is_expired() for each in copies] == [True] * 3


@pytest.mark.anyio
async def test_the_floor_is_no_part_of_the_answer(service: Service) -> None:
    """Leaves equality, text and JSON of a model as they were; a field of that name in an answer is an extra one."""
    feature = await service.feature(AFTER)
    elsewhere = structure(to_json(feature), LicenseFeature)

    assert (feature, repr(feature)) == (elsewhere, repr(elsewhere))
    assert structure(bodies.feature(time_floor=5), LicenseFeature).extra == {"time_floor": 5}


@given(st.lists(st.tuples(st.floats(-6.2e10, 1e12), st.floats(0, 1e9)), max_size=8))
def test_a_floor_never_goes_back(steps: list[tuple[float, float]]) -> None:
    """Is never below a moment that was proved, nor below what it was, whatever comes in whatever order."""
    time = VirtualTime(0.0)
    floor = TimeFloor(time.time)
    assert floor.moment() is None
    lowest = -6.2e10
    for proved, passed in steps:
        floor.rise(proved)
        lowest = max(lowest, proved)
        time.now += passed
        assert floor.seconds is not None
        assert floor.seconds >= lowest
        lowest = floor.seconds
        assert floor.moment() is not None
        assert pickle.loads(pickle.dumps(floor)).seconds >= lowest


@given(st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1)), st.floats(0, 1e10))
def test_an_expired_feature_stays_expired(ends: datetime, late: float) -> None:
    """Is expired from the moment that proves it on, at whatever time that was."""
    feature = structure(bodies.feature(expiry_date=ends.isoformat()), LicenseFeature)
    floor = TimeFloor.of(ends.replace(tzinfo=UTC).timestamp() + late)

    judge(feature, floor)

    assert feature.is_expired()
