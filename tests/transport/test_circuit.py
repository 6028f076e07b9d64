"""The breaker: when it opens, what passes, what counts; on a virtual clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    ApiError,
    CircuitOpen,
    CircuitPolicy,
    CircuitState,
    ClientCredentials,
    Clock,
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    LicenseRefused,
    LicenseSpring,
    LicenseSpringError,
    RateLimited,
    RetryPolicy,
    TransportError,
)
from licensespring_async.fleet import Outcome, Row, check_many
from licensespring_async.services import FeatureCheck, Grace, LicenseGate
from licensespring_async.transport import Circuit, HttpRequest, HttpResponse

from ..fakes import CHECK, Play, ScriptedEngine, answer, client, refusal
from . import virtual

POLICY = CircuitPolicy(failure_rate=0.5, min_attempts=4, window=30, open_for=5, probes=2)
ONCE = RetryPolicy(max_attempts=1)
DEAD = ConnectionFailed("nobody listens")

Run = Callable[[Callable[[], Awaitable[None]]], None]


@pytest.fixture(params=virtual.BACKENDS)
def run(request: pytest.FixtureRequest) -> Run:
    return lambda function: virtual.run(request.param, function)


def guarded(engine: ScriptedEngine, **options: Any) -> LicenseSpring:
    return client(engine, virtual.clock(), **{"circuit": POLICY, "retry": ONCE, "timeout": 10, **options})


async def outcome(its_client: LicenseSpring, *, times: int = 1) -> LicenseSpringError | None:
    """Return how the last of some calls ended."""
    ended: LicenseSpringError | None = None
    for _ in range(times):
        try:
            await its_client.check_license_feature(**CHECK)
        except LicenseSpringError as error:
            ended = error
        else:
            ended = None
    return ended


def state(its_client: LicenseSpring) -> CircuitState:
    assert its_client.circuit is not None
    return its_client.circuit.state


def test_a_dead_service_costs_nothing_any_more(run: Run) -> None:
    """Sends nothing, and takes no time, once enough attempts have failed."""

    async def main() -> None:
        engine = ScriptedEngine([DeadlineExceeded("hangs")], seconds=6)
        its_client = guarded(engine, timeout=60)
        await outcome(its_client, times=4)
        before = anyio.current_time()
        error = await outcome(its_client, times=100)
        assert anyio.current_time() == before
        assert len(engine.requests) == 4
        assert isinstance(error, CircuitOpen)
        assert (error.attempts, error.may_have_acted) == (0, False)
        assert error.retry_after == pytest.approx(5)
        assert "4 of the last 4 attempts failed, the latest with DeadlineExceeded" in str(error)
        assert state(its_client) is CircuitState.OPEN

    run(main)


def test_few_failures_do_not_open_it(run: Run) -> None:
    """Stays closed below `min_attempts`, below `failure_rate`, and when the failures are older than `window`."""

    async def main() -> None:
        plays: list[Play] = [DEAD] * 3
        its_client = guarded(ScriptedEngine([*plays, answer()]))
        await outcome(its_client, times=3)
        await anyio.sleep(40)
        assert await outcome(its_client, times=10) is None
        mostly_well = guarded(ScriptedEngine([answer(), answer(), answer(), DEAD, DEAD, answer()]))
        assert await outcome(mostly_well, times=9) is None
        assert state(its_client) is state(mostly_well) is CircuitState.CLOSED

    run(main)


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (refusal("license_not_found"), LicenseRefused),
        (refusal("signature_mismatch", 401), ApiError),
        (answer(404, ""), ApiError),
        (answer(429, ""), RateLimited),
        (answer(200, "no JSON"), LicenseSpringError),
    ],
    ids=["refusal", "credentials", "404", "429", "garbage"],
)
def test_an_answer_never_opens_it(run: Run, play: HttpResponse, kind: type[LicenseSpringError]) -> None:
    """Does not count what the service answered, whatever it says."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([play]))
        assert isinstance(await outcome(its_client, times=20), kind)
        assert state(its_client) is CircuitState.CLOSED

    run(main)


@pytest.mark.parametrize("play", [answer(500, ""), answer(503, ""), DEAD, DeadlineExceeded("late")], ids=repr)
def test_what_opens_it(run: Run, play: Play) -> None:
    """Counts HTTP 5xx, connections that fail, and time-outs."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([play]))
        assert isinstance(await outcome(its_client, times=5), CircuitOpen)

    run(main)


def test_a_call_that_never_reached_the_wire_does_not_count(run: Run) -> None:
    """Does not take a queue of one's own making for a dead service."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([answer()], seconds=9), max_concurrency=1, timeout=10)
        errors: list[LicenseSpringError | None] = []

        async def call() -> None:
            errors.append(await outcome(its_client))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call)
        assert sum(isinstance(each, DeadlineExceeded) for each in errors) >= 18
        assert state(its_client) is CircuitState.CLOSED

    run(main)


def test_it_closes_when_the_probes_are_answered(run: Run) -> None:
    """Lets a few attempts through after `open_for`, and all of them once those were answered."""

    async def main() -> None:
        engine = ScriptedEngine([*[DEAD] * 4, answer()])
        its_client = guarded(engine)
        await outcome(its_client, times=4)
        await anyio.sleep(4.9)
        assert isinstance(await outcome(its_client), CircuitOpen)
        await anyio.sleep(0.2)
        assert state(its_client) is CircuitState.HALF_OPEN
        assert await outcome(its_client, times=2) is None
        assert state(its_client) is CircuitState.CLOSED
        assert len(engine.requests) == 6

    run(main)


def test_a_refusal_closes_it(run: Run) -> None:
    """Takes a no for what it is: an answer."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([*[DEAD] * 4, refusal("license_expired")]))
        await outcome(its_client, times=4)
        await anyio.sleep(6)
        assert isinstance(await outcome(its_client, times=2), LicenseRefused)
        assert state(its_client) is CircuitState.CLOSED

    run(main)


def test_a_probe_that_fails_opens_it_again(run: Run) -> None:
    """Waits for another `open_for` after a failed probe."""

    async def main() -> None:
        engine = ScriptedEngine([DEAD])
        its_client = guarded(engine)
        await outcome(its_client, times=4)
        await anyio.sleep(6)
        assert isinstance(await outcome(its_client), ConnectionFailed)
        error = await outcome(its_client)
        assert isinstance(error, CircuitOpen)
        assert error.retry_after == pytest.approx(5)
        assert "a probe failed with ConnectionFailed" in str(error)
        assert len(engine.requests) == 5

    run(main)


def test_concurrent_callers_get_no_more_probes_than_allowed(run: Run) -> None:
    """Lets `probes` of many concurrent calls through while it is half open; the others fail at once."""

    async def main() -> None:
        engine = ScriptedEngine([*[DEAD] * 4, answer()], seconds=1)
        its_client = guarded(engine)
        await outcome(its_client, times=4)
        await anyio.sleep(6)
        ended: list[tuple[LicenseSpringError | None, float]] = []
        started = anyio.current_time()

        async def call() -> None:
            ended.append((await outcome(its_client), anyio.current_time() - started))

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(call)
        assert len(engine.requests) == 6
        assert [each for each, _ in ended].count(None) == 2
        assert all(isinstance(error, CircuitOpen) and seconds == 0 for error, seconds in ended if error is not None)
        assert state(its_client) is CircuitState.CLOSED

    run(main)


def test_a_cancelled_probe_gives_its_place_back(run: Run) -> None:
    """Is not wedged by probes that are cancelled: the next callers probe."""

    async def main() -> None:
        engine = ScriptedEngine([*[DEAD] * 4, answer()], seconds=1)
        its_client = guarded(engine)
        await outcome(its_client, times=4)
        await anyio.sleep(6)
        for _ in range(5):
            with anyio.move_on_after(0.5):
                await its_client.check_license_feature(**CHECK)
        assert state(its_client) is CircuitState.HALF_OPEN
        assert await outcome(its_client, times=2) is None
        assert state(its_client) is CircuitState.CLOSED

    run(main)


def test_what_waited_in_the_queue_is_not_sent_into_an_open_circuit(run: Run) -> None:
    """Fails the calls that wait for a concurrency slot when the circuit opens, instead of letting each time out."""

    async def main() -> None:
        engine = ScriptedEngine([DEAD], seconds=1)
        its_client = guarded(engine, max_concurrency=4, timeout=100)
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(outcome, its_client)
        # Those that were under way when it opened.
        assert len(engine.requests) <= 8

    run(main)


def test_a_late_answer_of_before_does_not_close_it(run: Run) -> None:
    """Ignores attempts that began before it opened."""

    async def main() -> None:
        engine = ScriptedEngine([lambda _: answer()], seconds=3)
        its_client = guarded(engine, timeout=60)
        async with anyio.create_task_group() as group:
            group.start_soon(outcome, its_client)
            await anyio.lowlevel.checkpoint()
            engine.seconds, engine.answers = 0.0, [DEAD]
            await outcome(its_client, times=4)
        assert state(its_client) is CircuitState.OPEN

    run(main)


def test_retries_stop_when_it_opens(run: Run) -> None:
    """Does not retry into an open circuit; the error tells of the attempts that were made, and no budget is taken."""

    async def main() -> None:
        engine = ScriptedEngine([answer(503, "")])
        policy = attrs.evolve(POLICY, min_attempts=2)
        its_client = guarded(engine, retry=RetryPolicy(max_attempts=5), circuit=policy)
        error = await outcome(its_client)
        assert isinstance(error, CircuitOpen)
        assert all(isinstance(each, ApiError) for each in error.earlier)
        assert (error.attempts, len(engine.requests)) == (2, 2)
        tokens = its_client.retry_budget.tokens
        await outcome(its_client, times=50)
        assert its_client.retry_budget.tokens == tokens

    run(main)


def test_an_attempt_that_may_have_acted_is_not_forgotten(run: Run) -> None:
    """Says that the service may have acted when an attempt before the circuit opened may have."""

    async def main() -> None:
        policy = attrs.evolve(POLICY, min_attempts=1)
        error = TransportError("cut")
        its_client = guarded(ScriptedEngine([error]), retry=RetryPolicy(max_attempts=2), circuit=policy)
        ended = await outcome(its_client)
        assert isinstance(ended, CircuitOpen)
        assert ended.may_have_acted

    run(main)


def test_copies_share_it(run: Run) -> None:
    """Is one circuit for a client and its `with_options` copies."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([DEAD]))
        await outcome(its_client.with_options(timeout=1), times=4)
        assert isinstance(await outcome(its_client), CircuitOpen)
        assert its_client.circuit is its_client.with_options(timeout=2).circuit

    run(main)


def test_without_a_policy_there_is_none(run: Run) -> None:
    """Has no circuit unless it is asked for: every call is tried."""

    async def main() -> None:
        engine = ScriptedEngine([DEAD])
        its_client = guarded(engine, circuit=None)
        assert its_client.circuit is None
        assert isinstance(await outcome(its_client, times=100), ConnectionFailed)
        assert len(engine.requests) == 100

    run(main)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_dead_token_endpoint_opens_it(run: Run, hangs: bool) -> None:
    """Counts requests for tokens too: without one no call gets through, and each would wait for it."""

    async def main() -> None:
        engine = ScriptedEngine([DEAD], seconds=3600 if hangs else 0)
        auth = ClientCredentials(client_id="id", client_secret="secret", token_url="https://auth.example.org/token")
        its_client = guarded(engine, auth=auth, timeout=5)
        await outcome(its_client, times=4)
        sent = len(engine.requests)
        assert isinstance(await outcome(its_client), CircuitOpen)
        assert len(engine.requests) == sent == 4

    run(main)


def test_a_gate_with_grace_stands_on_its_last_answer(run: Run) -> None:
    """Lets the last verified answer stand while the circuit is open, as for any service that cannot be reached."""

    async def main() -> None:
        clock = virtual.clock()
        engine = ScriptedEngine([answer(), DEAD])
        policy = attrs.evolve(POLICY, min_attempts=2, open_for=60)
        its_client = client(engine, clock, circuit=policy, retry=ONCE)
        async with LicenseGate(its_client, ttl=10, grace=Grace(hours=1), clock=clock) as gate:
            check = FeatureCheck(**CHECK)
            assert (await gate.allows(check)).source == "service"
            await outcome(its_client)
            assert state(its_client) is CircuitState.OPEN
            await anyio.sleep(12)
            assert (await gate.allows(check)).source == "grace"
            assert len(engine.requests) == 2
            with pytest.raises(CircuitOpen):
                await gate.allows(attrs.evolve(check, feature="another"))

    run(main)


def test_a_fleet_waits_until_the_service_is_back(run: Run) -> None:
    """Loses the rows that met the outage and those that probed it, instead of failing the whole fleet in a moment."""

    async def main() -> None:
        started = anyio.current_time()

        def play(_: HttpRequest) -> HttpResponse:
            return answer(503, "") if anyio.current_time() - started < 60 else answer()

        its_client = guarded(ScriptedEngine([play], seconds=0.1))
        rows = [Row(row=n, check=FeatureCheck(**CHECK)) for n in range(1, 1001)]
        async with check_many(its_client, rows, concurrency=20) as results:
            outcomes = Counter([result.outcome async for result in results])
        assert outcomes.total() == 1000
        assert outcomes[Outcome.ERROR] <= 20 + POLICY.probes * (60 / POLICY.open_for + 1)

    run(main)


def test_a_fleet_that_is_stopped_does_not_wait_for_the_circuit(run: Run) -> None:
    """Ends at once when it is stopped while the circuit is open."""

    async def main() -> None:
        its_client = guarded(ScriptedEngine([DEAD]), circuit=attrs.evolve(POLICY, open_for=3600))
        await outcome(its_client, times=4)
        checks = check_many(its_client, [Row(row=n, check=FeatureCheck(**CHECK)) for n in range(1, 100)], concurrency=5)
        async with checks as results:
            await anyio.sleep(1)
            checks.stop()
            with anyio.fail_after(10):
                assert [result async for result in results] == []

    run(main)


@pytest.mark.parametrize(
    "options",
    [
        {"failure_rate": 0},
        {"failure_rate": 1.1},
        {"failure_rate": float("nan")},
        {"min_attempts": 0},
        {"min_attempts": 2.0},
        {"window": 0},
        {"open_for": -1},
        {"open_for": True},
        {"probes": 0},
    ],
    ids=repr,
)
def test_a_policy_that_cannot_work_is_refused(options: dict[str, Any]) -> None:
    """Refuses numbers that mean nothing, and names the argument."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        CircuitPolicy(**options)


def test_something_else_is_no_policy() -> None:
    """Refuses another object as `circuit`."""
    with pytest.raises(ConfigurationError, match=r"^circuit: "):
        client(ScriptedEngine([answer()]), Clock(), circuit=True)


STEPS = st.lists(st.tuples(st.sampled_from(["begin", "ok", "fail", "cancel", "wait"]), st.floats(0, 20)), max_size=60)


@given(steps=STEPS, probes=st.integers(1, 3))
def test_it_is_never_wedged(steps: list[tuple[str, float]], probes: int) -> None:
    """Whatever happened, lets no more than `probes` out while not closed, and an attempt pass once all have ended."""
    now = [0.0]
    circuit = Circuit(attrs.evolve(POLICY, probes=probes), lambda: now[0])
    under_way: list[int] = []
    for step, seconds in steps:
        if step == "wait":
            now[0] += seconds
        elif step == "begin":
            is_probe = circuit.state is not CircuitState.CLOSED
            try:
                under_way.append(circuit.begin())
            except CircuitOpen as error:
                assert is_probe and error.retry_after > 0  # noqa: PT017, PT018
            else:
                assert not is_probe or under_way.count(under_way[-1]) <= probes
        elif under_way:
            circuit.end(under_way.pop(0), failed={"ok": False, "fail": True, "cancel": None}[step])
    for period in under_way:
        circuit.end(period, failed=None)
    now[0] += POLICY.open_for
    circuit.end(circuit.begin(), failed=None)
