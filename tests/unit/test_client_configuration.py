"""A client checks its settings before anything is sent."""

from __future__ import annotations

import functools
import inspect
import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from licensespring_async import (
    PRODUCTION_PUBLIC_KEY,
    PRODUCTION_URL,
    ApiKey,
    ClientCredentials,
    ConfigurationError,
    LicenseSpring,
)
from licensespring_async.configuration import Options
from licensespring_async.redaction import fingerprint

from ..fakes import KEY, ScriptedEngine, answer, client
from .fakes import DEVICE, a_client
from .keys import Signer


def configured(**options: Any) -> LicenseSpring:
    """A client that fails the test when it sends something."""
    settings: dict[str, Any] = {"auth": KEY, "engine": ScriptedEngine()}
    return LicenseSpring(**settings | options)


def test_the_defaults_are_the_vendors() -> None:
    """Talks to the vendor's service and believes the vendor's key, with nothing but credentials."""
    assert repr(LicenseSpring(auth=KEY)).startswith("LicenseSpring(https://api.licensespring.com, ")


@pytest.mark.parametrize(
    "base_url",
    [PRODUCTION_URL, "https://api.licensespring.com/", "HTTPS://API.LicenseSpring.com"],
)
def test_the_vendors_service_in_other_writing(base_url: str) -> None:
    """Knows the vendor's service by its origin, whatever its writing."""
    assert f"({PRODUCTION_URL}," in repr(configured(base_url=base_url))


@pytest.mark.parametrize(
    "base_url",
    ["https://licenses.example.org", "https://licenses.example.org:8443", "http://127.0.0.1:9", "http://[::1]:9"],
)
def test_another_service_needs_its_key(base_url: str, signer: Signer) -> None:
    """Takes another service together with the key that it signs with."""
    assert f"({base_url}," in repr(configured(base_url=base_url, public_key=signer.public_key))


@pytest.mark.parametrize("base_url", ["https://licenses.example.org", "https://api.licensespring.com.example.org"])
def test_another_service_without_its_key_is_refused(base_url: str) -> None:
    """Refuses another service when it would be believed by the vendor's key."""
    with pytest.raises(ConfigurationError, match=r"^public_key: "):
        configured(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.licensespring.com",
        "http://licenses.example.org",
        "https://licenses.example.org/api/v4",
        "https://licenses.example.org/;x",
        "https://licenses.example.org?x=1",
        "https://licenses.example.org#x",
        "https://robin:hunter2@licenses.example.org",
        "licenses.example.org",
        "",
        b"https://licenses.example.org",
        5,
        Path("licenses.example.org"),
        "https://",
        "https://licenses.example.org:port",
        "https://licenses.example.org\r\n",
    ],
)
def test_a_base_url_is_an_origin(base_url: object) -> None:
    """Refuses what is no https origin, without showing it."""
    with pytest.raises(ConfigurationError, match=r"^base_url: ") as caught:
        configured(base_url=base_url, public_key=PRODUCTION_PUBLIC_KEY)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["lizenzen.größe.example", "a..example", f"{'x' * 64}.example"])
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    """Refuses a host that cannot be resolved: other letters than ASCII, empty parts, parts that are too long."""
    with pytest.raises(ConfigurationError, match="base_url"):
        configured(base_url=f"https://{host}", public_key=PRODUCTION_PUBLIC_KEY)


@pytest.mark.parametrize("timeout", [0, -1, math.inf, math.nan, -math.inf, True, "10", None])
def test_a_timeout_is_a_number_of_seconds(timeout: object) -> None:
    """Refuses a timeout that is no positive, finite number."""
    with pytest.raises(ConfigurationError, match=r"^timeout: "):
        configured(timeout=timeout)


def test_a_timeout_beyond_the_floats_is_refused() -> None:
    """Refuses an integer that no float can hold."""
    with pytest.raises(ConfigurationError, match="timeout"):
        configured(timeout=10**400)


@pytest.mark.parametrize("max_concurrency", [0, -1, 2.5, 5.0, True, "5", None])
def test_max_concurrency_is_a_number_of_requests(max_concurrency: object) -> None:
    """Refuses to run no requests at once."""
    with pytest.raises(ConfigurationError, match=r"^max_concurrency: "):
        configured(max_concurrency=max_concurrency)


@pytest.mark.parametrize("auth", ["api-key", ("api-key", "shared-key"), object()])
def test_auth_is_one_of_two_kinds(auth: object) -> None:
    """Refuses credentials of another kind, without showing them."""
    with pytest.raises(ConfigurationError, match=r"^auth: "):
        configured(auth=auth)


@pytest.mark.parametrize("public_key", ["", "not a key", b"\xff", []])
def test_a_public_key_is_a_pem(public_key: object) -> None:
    """Refuses a key that cannot be read when the client is made, not on its first call."""
    with pytest.raises(ConfigurationError, match=r"^public_key: "):
        configured(public_key=public_key)


def test_believing_everybody_warns() -> None:
    """Warns, at the line that asked for it, when signatures are not verified."""
    with pytest.warns(UserWarning, match=r"^verify_signatures=False: ") as caught:
        LicenseSpring(auth=KEY, engine=ScriptedEngine(), verify_signatures=False)

    assert [each.filename for each in caught] == [__file__]


def test_believing_everybody_needs_no_key() -> None:
    """Takes another service without its key when signatures are not verified."""
    with pytest.warns(UserWarning, match="verify_signatures"):
        configured(base_url="https://licenses.example.org", verify_signatures=False)


@pytest.mark.parametrize(
    ("auth", "shown"),
    [
        (ApiKey(api_key="visible", shared_key="hidden"), f"ApiKey({fingerprint('visible')})"),
        (
            ClientCredentials(client_id="visible", client_secret="hidden"),
            f"ClientCredentials({fingerprint('visible')})",
        ),
    ],
    ids=["a key", "credentials"],
)
def test_the_repr_of_a_client_holds_no_secret(auth: ApiKey | ClientCredentials, shown: str) -> None:
    """Shows where it talks to and a fingerprint of who it is."""
    client = configured(auth=auth)

    assert repr(client) == str(client) == f"LicenseSpring(https://api.licensespring.com, {shown})"


@pytest.mark.anyio
async def test_a_copy_shares_the_engine() -> None:
    """Sends through the same engine as the client that it was copied from."""
    engine = ScriptedEngine([answer(body=[])])
    original = client(engine, timeout=10)

    await original.with_options(timeout=3).check_bundle(**DEVICE)
    await original.check_bundle(**DEVICE)

    assert [round(timeout, 1) for timeout in engine.timeouts] == [3.0, 10.0]


def test_a_copy_is_checked_too() -> None:
    """Checks the options of a copy."""
    with pytest.raises(ConfigurationError, match="timeout"):
        configured().with_options(timeout=0)


def test_a_copy_keeps_its_kind() -> None:
    """Copies a subclass as that subclass."""

    class Ours(LicenseSpring):
        pass

    assert type(Ours(auth=KEY, engine=ScriptedEngine()).with_options(timeout=1)) is Ours


@pytest.mark.anyio
async def test_a_client_closes_its_engine() -> None:
    """Closes the engine at the end of `async with`."""
    engine = ScriptedEngine([answer(body=[])])

    async with configured(engine=engine):
        assert not engine.closed

    assert engine.closed


@pytest.mark.anyio
async def test_a_client_closes_its_engine_after_an_error() -> None:
    """Closes the engine when the block fails, and lets the error through."""
    engine = ScriptedEngine([answer(body=[])])

    with pytest.raises(ZeroDivisionError):
        async with configured(engine=engine):
            raise ZeroDivisionError

    assert engine.closed


def test_no_skew_is_known_at_first() -> None:
    """Knows no clock skew before the first answer."""
    assert a_client().clock_skew == 0


FAR = "http://licenses.example.org"


def test_http_to_another_machine_is_an_explicit_choice() -> None:
    """Takes plain http to any host when told to, and warns about it on the caller's own line."""
    with pytest.warns(UserWarning, match=r"^allow_http=True: ") as warned:
        client = LicenseSpring(
            auth=KEY, base_url=FAR, public_key=PRODUCTION_PUBLIC_KEY, engine=ScriptedEngine(), allow_http=True
        )

    assert [(each.filename, each.lineno > 0) for each in warned] == [(__file__, True)]
    assert repr(client).startswith(f"LicenseSpring({FAR}, ")


@pytest.mark.parametrize("allow_http", [False, None, 1, "yes"])
def test_only_true_allows_http(allow_http: object) -> None:
    """Takes nothing but True for the choice."""
    with pytest.raises(ConfigurationError, match=r"^base_url: "):
        configured(base_url=FAR, public_key=PRODUCTION_PUBLIC_KEY, allow_http=allow_http)


@pytest.mark.parametrize("base_url", ["https://licenses.example.org", "http://127.0.0.1:9", "http://localhost:9"])
def test_allow_http_is_silent_where_it_allows_nothing(base_url: str) -> None:
    """Warns only where something travels in the clear; a warning would fail this test."""
    configured(base_url=base_url, public_key=PRODUCTION_PUBLIC_KEY, allow_http=True)


def test_a_token_endpoint_is_not_discovered_over_http() -> None:
    """Asks nobody on an unprotected network where the client secret should go."""
    auth = ClientCredentials(client_id="client-0001", client_secret="client-secret-0002")

    with (
        pytest.warns(UserWarning, match="allow_http"),
        pytest.raises(ConfigurationError, match=r"^token_url: "),
    ):
        configured(auth=auth, base_url=FAR, public_key=PRODUCTION_PUBLIC_KEY, allow_http=True)


def test_options_name_every_argument() -> None:
    """Lets `from_env`, the sandbox and the blocking client take every argument but the credentials and the address."""
    arguments = set(inspect.signature(LicenseSpring).parameters)

    assert set(Options.__annotations__) == arguments - {
        "auth",
        "base_url",
        "api_key",
        "shared_key",
        "client_id",
        "client_secret",
    }


@pytest.mark.parametrize("name", ["verify_signatures", "bind_answers"])
@pytest.mark.parametrize("value", [None, 0, "", 1, "no", []])
def test_protection_is_turned_off_by_false_alone(name: str, value: object) -> None:
    """Takes nothing but a bool for what an answer is believed by; a warning would fail this test."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        configured(**{name: value})


@pytest.mark.parametrize("kind", [httpx.AsyncClient, type("Ours", (httpx.AsyncClient,), {})])
def test_an_httpx_client_is_no_engine(kind: type[httpx.AsyncClient]) -> None:
    """Refuses a bare httpx client, though it can send, and says how to use it."""
    with pytest.raises(ConfigurationError, match=r"wrap it: HttpxEngine\(client=\.\.\.\)"):
        configured(engine=kind())


class AsyncHook:
    """Nobody awaits it."""

    async def __call__(self, event: object) -> None:
        pytest.fail("a hook was awaited")


@pytest.mark.parametrize("hook", [AsyncHook(), AsyncHook().__call__, functools.partial(AsyncHook().__call__)])
def test_a_hook_that_nobody_awaits_is_refused(hook: object) -> None:
    """Refuses an async hook when the client is made or copied."""
    with pytest.raises(ConfigurationError, match=r"^hooks: "):
        configured(hooks=[hook])
    with pytest.raises(ConfigurationError, match=r"^hooks: "):
        configured().with_options(hooks=[hook])  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["engine", "telemetry"])
@pytest.mark.parametrize("value", [object(), ScriptedEngine, 5], ids=["an object", "a class", "a number"])
def test_an_object_without_the_method_is_refused(name: str, value: object) -> None:
    """Refuses what is no engine and no telemetry, a class included, and says what would be."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        configured(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("retry", None), ("clock", None), ("random", None), ("random", 0.5)])
def test_what_only_a_failed_call_needs_is_checked_before(name: str, value: object) -> None:
    """`retry=None`, as `circuit=None`, would be found in the first outage, and by an AttributeError."""
    with pytest.raises(ConfigurationError, match=f"^{name}: must be "):
        configured(**{name: value})
