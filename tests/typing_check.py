# pyright: reportUnnecessaryTypeIgnoreComment=true
"""How the public API looks to type checkers: checked by mypy and pyright, never run.

Every `type: ignore` marks a mistake that a checker must find; both complain about one that marks nothing.
"""

# ruff: noqa: T201

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_type

from licensespring_async import (
    ApiError,
    ApiKey,
    AuthorizationMethod,
    BlockingLicenseSpring,
    Bundle,
    CircuitOpen,
    CircuitPolicy,
    CircuitState,
    ClientCredentials,
    Clock,
    Company,
    ConnectionFailed,
    Consumption,
    ConsumptionPeriod,
    Customer,
    CustomField,
    DeadlineExceeded,
    DeviceVariable,
    DoubtEvent,
    FeatureType,
    FloatingNotAvailable,
    InstallationFile,
    InvalidParameter,
    InvalidReason,
    License,
    LicenseEvent,
    LicenseFeature,
    LicenseRefused,
    LicenseSpring,
    LicenseSpringError,
    LicenseType,
    LicenseUser,
    ProductFeature,
    RateLimited,
    RateLimits,
    RawResponse,
    RequestEvent,
    ResponseError,
    RetryEvent,
    RetryPolicy,
    Trial,
    UserLicense,
    Validity,
    Window,
)
from licensespring_async.services import Lease
from licensespring_async.services.telemetry import OpenTelemetry
from licensespring_async.transport import Circuit, Engine, HttpRequest, HttpResponse, HttpxEngine

KEY = ApiKey(api_key="key", shared_key="shared")


class Ours(LicenseSpring):
    """A user's subclass."""


class OurEngine:
    """An engine of a user's own needs no base class."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        return HttpResponse(200, {"date": "x"}, b"[]")

    async def aclose(self) -> None: ...


class NoEngine:
    """An engine that cannot be closed is none."""

    async def send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        raise NotImplementedError


async def calls(client: LicenseSpring) -> None:
    """The methods return models."""
    feature = await client.check_license_feature(product="P", feature="F", hardware_id="H", license_key="K")
    assert_type(feature, LicenseFeature)
    bundle = await client.check_bundle(product="P", hardware_id="H", username="U", include_expired_features=True)
    assert_type(bundle, Bundle)
    assert_type(
        await client.check_license_feature(
            product="P", feature="F", hardware_id="H", username="U", license_id=5, bundle_code="B"
        ),
        LicenseFeature,
    )
    assert_type(
        await client.check_bundle(
            product="P",
            hardware_id="H",
            license_key="K",
            username=None,
            license_id=None,
            include_expired_features=None,
            env="E",
            os_ver="O",
            hostname="N",
            os_hostname="N",
            ip="I",
            ip_local="I",
            app_ver="V",
            sdk_ver="V",
            mac_address="M",
        ),
        Bundle,
    )


async def raw_calls(client: LicenseSpring) -> None:
    """The raw side returns the same models, wrapped."""
    raw = await client.with_raw_response.check_license_feature(
        product="P", feature="F", hardware_id="H", license_key="K"
    )
    assert_type(raw, RawResponse[LicenseFeature])
    assert_type(raw.value, LicenseFeature)
    assert_type(raw.status, int)
    assert_type(raw.headers, Mapping[str, str])
    assert_type(raw.body, bytes)
    assert_type(raw.attempts, int)
    assert_type(raw.elapsed, float)
    assert_type(raw.verified, bool)
    bundle = await client.with_raw_response.check_bundle(product="P", hardware_id="H", license_key="K")
    assert_type(bundle, RawResponse[Bundle])


async def wrong_calls(client: LicenseSpring) -> None:
    """Mistakes that a checker finds before anything runs."""
    await client.check_bundle("P", "H", license_key="K")  # type: ignore[call-arg]
    await client.check_bundle(product="P", license_key="K")  # type: ignore[call-arg]
    await client.check_bundle(product="P", hardware_id="H", licence_key="K")  # type: ignore[call-arg]
    await client.check_bundle(product="P", hardware_id="H", feature="F")  # type: ignore[call-arg]
    await client.check_bundle(product="P", hardware_id="H", license_id="5")  # type: ignore[arg-type]
    await client.check_bundle(product=5, hardware_id="H")  # type: ignore[arg-type]
    await client.check_bundle(product="P", hardware_id="H", include_expired_features="true")  # type: ignore[arg-type]
    await client.check_license_feature(product="P", hardware_id="H", license_key="K")  # type: ignore[call-arg]
    await client.check_license_feature("P", "F", "H")  # type: ignore[call-arg]
    await client.with_raw_response.check_bundle(product="P")  # type: ignore[call-arg]
    print(client.check_bundle(product="P", hardware_id="H").products)  # type: ignore[attr-defined]


async def lifecycle() -> None:
    """A client is its own context manager, and a subclass stays one."""
    async with LicenseSpring(auth=KEY) as client:
        assert_type(client, LicenseSpring)
    async with Ours(auth=KEY, timeout=5) as ours:
        assert_type(ours, Ours)
        assert_type(ours.with_options(timeout=1, retry=RetryPolicy(max_attempts=1)), Ours)
        assert_type(ours.clock_skew, float)
        assert_type(await ours.check_bundle(product="P", hardware_id="H", license_key="K"), Bundle)
    assert_type(Ours.from_env({"LICENSESPRING_API_KEY": "x"}, timeout=1, verify_signatures=False), Ours)


def blocking(client: BlockingLicenseSpring) -> None:
    """The blocking client has the methods of the async one, and the same mistakes."""
    assert_type(
        client.check_license_feature(product="P", feature="F", hardware_id="H", license_key="K"), LicenseFeature
    )
    assert_type(client.check_bundle(product="P", hardware_id="H", username="U"), Bundle)
    assert_type(client.release_floating_feature(product="P", feature="F", hardware_id="H", license_key="K"), None)
    raw = client.with_raw_response.check_bundle(product="P", hardware_id="H", license_key="K")
    assert_type(raw, RawResponse[Bundle])
    with client.feature_lease(product="P", feature="F", hardware_id="H", license_key="K", grace=60) as lease:
        assert_type(lease, Lease[LicenseFeature])
        assert_type(lease.feature, LicenseFeature)
    with client.license_lease(product="P", hardware_id="H", license_key="K") as held:
        assert_type(held.license, License)
    with client.with_options(timeout=2) as copy, BlockingLicenseSpring(auth=KEY, timeout=5) as other:
        assert_type(copy, BlockingLicenseSpring)
        assert_type(other, BlockingLicenseSpring)
    assert_type(BlockingLicenseSpring.from_env(timeout=1), BlockingLicenseSpring)
    client.check_bundle("P", "H", license_key="K")  # type: ignore[call-arg]
    client.check_bundle(product="P", license_key="K")  # type: ignore[call-arg]
    client.check_bundle(product="P", hardware_id="H", license_id="5")  # type: ignore[arg-type]
    client.feature_lease(product="P", hardware_id="H")  # type: ignore[call-arg]
    client.with_options(retries=3)  # type: ignore[call-arg]
    BlockingLicenseSpring(auth=KEY, retries=3)  # type: ignore[call-arg]
    assert_type(BlockingLicenseSpring(timeout=5), BlockingLicenseSpring)


def on_event(event: RequestEvent | RetryEvent | LicenseEvent | DoubtEvent) -> None:
    """A hook."""
    if isinstance(event, LicenseEvent | DoubtEvent):
        assert_type(event.feature, str | None)
        return
    assert_type(event.endpoint, str)
    if isinstance(event, RetryEvent):
        assert_type(event.delay, float)
        assert_type(event.error, LicenseSpringError)
    else:
        assert_type(event.status, int | None)
        assert_type(event.error, LicenseSpringError | None)


def configuration() -> None:
    """Every setting has its type."""
    engine: Engine = OurEngine()
    LicenseSpring(
        auth=ClientCredentials(client_id="id", client_secret="secret", token_url="https://auth.example.org/token"),
        base_url="https://licenses.example.org",
        public_key=["one", b"two"],
        verify_signatures=True,
        timeout=5,
        retry=RetryPolicy(max_attempts=5, transient_base=0.1, throttled_base=2, max_delay=30),
        rate_limits=RateLimits((200, 10), Window(50, 1)),
        max_concurrency=10,
        engine=engine,
        hooks=[on_event],
        circuit=CircuitPolicy(failure_rate=1, min_attempts=10, window=30, open_for=5, probes=1),
        telemetry=OpenTelemetry(),
        clock=Clock(time=lambda: 0.0),
        random=lambda: 0.5,
    )
    LicenseSpring(auth=KEY, engine=HttpxEngine(), rate_limits=RateLimits.plan("free"), public_key="pem")
    assert_type(LicenseSpring(), LicenseSpring)
    assert_type(LicenseSpring(api_key="key", shared_key="secret"), LicenseSpring)
    LicenseSpring(KEY)  # type: ignore[call-arg]
    LicenseSpring(auth="key")  # type: ignore[arg-type]
    LicenseSpring(auth=KEY, timeout="10")  # type: ignore[arg-type]
    LicenseSpring(auth=KEY, engine=NoEngine())  # type: ignore[arg-type]
    LicenseSpring(auth=KEY, retries=3)  # type: ignore[call-arg]
    LicenseSpring.from_env(auth=KEY)  # type: ignore[call-arg]
    LicenseSpring(auth=KEY, circuit=True)  # type: ignore[arg-type]
    LicenseSpring(auth=KEY, telemetry=CircuitPolicy())  # type: ignore[arg-type]
    CircuitPolicy(0.5)  # type: ignore[call-arg]
    ApiKey("key", "shared")  # type: ignore[call-arg]
    RetryPolicy(5)  # type: ignore[call-arg]
    RateLimits(200, 10)  # type: ignore[arg-type]


def features(feature: LicenseFeature, listed: ProductFeature, now: datetime) -> None:
    """The fields of a feature, and what is computed from them."""
    assert_type(feature.id, int)
    assert_type(feature.license_id, int)
    assert_type(feature.code, str)
    assert_type(feature.feature_type, FeatureType | str | None)
    assert_type(feature.expiry_date, datetime | None)
    assert_type(feature.metadata, Mapping[str, object] | None)
    assert_type(feature.floating_in_use_devices, int | None)
    assert_type(feature.consumption_period, ConsumptionPeriod | str | None)
    assert_type(feature.company, Company | None)
    assert_type(feature.extra, Mapping[str, object])
    assert_type(feature.is_consumption, bool)
    assert_type(feature.remaining_consumptions, int | None)
    assert_type(feature.expires_in(), timedelta | None)
    assert_type(feature.is_expired(now), bool)
    assert_type(listed.is_expired(), bool)
    print(listed.license_id)  # type: ignore[attr-defined]
    feature.code = "other"  # type: ignore[misc]
    print(feature.undocumented)  # type: ignore[attr-defined]


def licenses(license: License, now: datetime) -> None:
    """The fields of a license, and what is computed from them."""
    assert_type(license.license_key, str | None)
    assert_type(license.user, LicenseUser | None)
    assert_type(license.license_type, LicenseType | str)
    assert_type(license.validity_period, datetime | None)
    assert_type(license.custom_fields, tuple[CustomField, ...])
    assert_type(license.customer, Customer | None)
    assert_type(license.newest_file, InstallationFile | None)
    assert_type(license.product_details.authorization_method, AuthorizationMethod | str | None)
    assert_type(license.product_features, tuple[ProductFeature, ...])
    assert_type(license.feature("F"), ProductFeature | None)
    assert_type(license.ends_at, datetime | None)
    assert_type(license.expires_in(now), timedelta | None)
    assert_type(license.remaining_consumptions, int | None)
    validity = license.is_valid(now)
    assert_type(validity, Validity)
    assert_type(validity.reason, InvalidReason | None)
    license.is_valid("2027-01-01")  # type: ignore[arg-type]


def answers(trial: Trial, consumption: Consumption, variable: DeviceVariable, item: UserLicense) -> None:
    """What the answers of single endpoints hold."""
    assert_type(trial.license_key, str | None)
    assert_type(trial.created_at, datetime | None)
    assert_type(consumption.total_consumptions, int)
    assert_type(consumption.remaining_consumptions, int | None)
    assert_type(consumption.pool, Mapping[str, object] | None)
    assert_type(variable.created_at, datetime | None)
    assert_type(item.license, License)
    assert_type(item.to_dict(masked=True), dict[str, object])


def bundles(bundle: Bundle) -> None:
    """A bundle is a sequence with a second key."""
    assert_type(bundle[0], License)
    assert_type(bundle["APP"], License)
    assert_type(bundle[1:], tuple[License, ...])
    assert_type(bundle.get("APP"), License | None)
    assert_type(bundle.products, tuple[str, ...])
    assert_type(iter(bundle), Iterator[License])
    assert_type(len(bundle), int)
    bundle[1.5]  # type: ignore[call-overload]
    bundle.get(1)  # type: ignore[arg-type]


async def errors(client: LicenseSpring) -> None:
    """What is on an error."""
    try:
        await client.check_bundle(product="P", hardware_id="H", license_key="K")
    except FloatingNotAvailable as error:
        assert_type(error.status, int)
        assert_type(error.code, str)
        assert_type(error.message, str)
        assert_type(error.retry_after, float | None)
        assert_type(error.earlier, tuple[LicenseSpringError, ...])
    except (LicenseRefused, ApiError) as error:
        assert_type(error.kind, str)
    except CircuitOpen as error:
        assert_type(error.retry_after, float)
        assert_type(error.reason, str)
        assert_type(client.circuit, Circuit | None)
        if client.circuit is not None:
            assert_type(client.circuit.state, CircuitState)
    except RateLimited as error:
        assert_type(error.retry_after, float | None)
    except (ConnectionFailed, DeadlineExceeded) as error:
        assert_type(error.may_have_acted, bool)
    except ResponseError as error:
        assert_type(error.problems, tuple[str, ...])
        assert_type(error.status, int | None)
    except InvalidParameter as error:
        assert_type(error.parameter, str)
        assert_type(error.problem, str)
    except LicenseSpringError as error:
        assert_type(error.endpoint, str | None)
        assert_type(error.attempts, int)
        assert_type(error.elapsed, float | None)
