"""Fuzz status, headers and body of an answer, for as long as is wanted: `python -m tests.fuzz --seconds 60`.

Looks for anything but a model or a LicenseSpringError, and for a model out of what nobody signed. A finding is printed
as the smallest answer that shows it, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings

import anyio
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from licensespring_async import ApiKey, ClientCredentials, LicenseSpring, LicenseSpringError, RetryPolicy
from licensespring_async.transport import HttpResponse

from .fakes import ScriptedEngine
from .unit import bodies
from .unit.fakes import VirtualTime
from .unit.keys import Signer

SIGNER = Signer()
ROUND = 400  # examples before the clock is looked at
NAMES = ("licensesignature", "date", "age", "retry-after", "content-type", "content-encoding", "location", "x-other")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
well_known: st.SearchStrategy[bodies.Json] = st.sampled_from(
    [bodies.feature, bodies.consumption_feature, bodies.license, lambda: bodies.error("license_not_found")]
).map(lambda make: make())


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """A documented body with a field replaced, or with bytes exchanged."""
    value = draw(well_known)
    if draw(st.booleans()):
        value[draw(st.sampled_from(sorted(value)))] = draw(json_values)
    body = json.dumps([value] if draw(st.booleans()) else value).encode()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=6)) + body[at + draw(st.integers(0, 6)) :]
    return body


@st.composite
def answers(draw: st.DrawFn) -> tuple[HttpResponse, bool]:
    """An answer, and whether the right key has signed it."""
    body = draw(nearly_right() | st.binary(max_size=400) | json_values.map(lambda value: json.dumps(value).encode()))
    headers: dict[str, str] = draw(
        st.dictionaries(st.sampled_from([str(name) for name in NAMES]), st.text(st.characters(), max_size=50))
    )
    signed = draw(st.booleans())
    if signed:
        headers |= SIGNER.headers(body)
    status = draw(st.just(200) | st.sampled_from([201, 204, 302, 400, 401, 429, 500, 503]) | st.integers())
    return HttpResponse(status, headers, body), signed


async def one(response: HttpResponse, signed: bool) -> None:
    """Give an answer to every endpoint and both kinds of credentials; AssertionError if one is believed wrongly."""
    for auth in (ApiKey(api_key="a", shared_key="s"), ClientCredentials(client_id="c", client_secret="s")):
        client = LicenseSpring(
            auth=auth,
            public_key=SIGNER.public_key,
            engine=ScriptedEngine([response]),
            retry=RetryPolicy(max_attempts=2),
            clock=VirtualTime().clock,
        )
        for endpoint in ("feature", "bundle"):
            try:
                if endpoint == "feature":
                    await client.check_license_feature(product="P", feature="render", hardware_id="H", license_key="K")
                else:
                    await client.check_bundle(product="P", hardware_id="H", license_key="K")
            except LicenseSpringError as error:
                f"{error} {error!r}".encode()
            else:
                assert signed, "an answer that nobody signed was believed"
                assert response.status in (200, 201), "an answer that is no success was believed"


@settings(
    max_examples=ROUND,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(answer=answers())
def fuzz(answer: tuple[HttpResponse, bool]) -> None:
    """Run one round."""
    anyio.run(one, *answer)


def main() -> None:
    """Fuzz until the time is over, with other examples in each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    ends = time.monotonic() + parser.parse_args().seconds
    warnings.simplefilter("error")
    rounds = 0
    while time.monotonic() < ends:
        seed(rounds + int(time.time()) * 1000)(fuzz)()
        rounds += 1
    sys.stdout.write(f"{rounds * ROUND} answers, no finding\n")


if __name__ == "__main__":
    main()
