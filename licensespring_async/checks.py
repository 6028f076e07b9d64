"""A check as a value: validated once, then asked, released, compared and looked up by."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import attrs

from . import endpoints
from .endpoints.parameters import Value
from .endpoints.requests import optional, required, who
from .errors import FeatureExpired, LicenseExpired, LicenseNotActive, LicenseNotEnabled, LicenseRefused
from .models import Bundle, InvalidReason, License, LicenseFeature
from .models.json_types import ascii_lower
from .redaction import Unpickled, fingerprint
from .transport.values import Call

Key: TypeAlias = tuple[str, str, str, str | None, str | None, int | None, str | None]


T = TypeVar("T")


class Whose(Protocol):
    """Names a device and a license."""

    @property
    def hardware_id(self) -> str:
        """Unique id of the device."""
        ...

    @property
    def license_key(self) -> str | None:
        """The license's key."""
        ...

    @property
    def username(self) -> str | None:
        """The license's user."""
        ...

    @property
    def license_id(self) -> int | None:
        """Picks one license when the user has several."""
        ...

    @property
    def bundle_code(self) -> str | None:
        """Short code of the bundle."""
        ...


def feature_key(product: str, feature: str, whose: Whose) -> Key:
    """Return the key of a feature check without making one: a gate finds known answers by it.

    Two spellings of one device, key or user have one key, or one license would fill a gate. The service signs all
    three in lower case, so its own signatures do not tell them apart; of products and features nothing is documented.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """
    return (
        product,
        feature,
        _one_spelling(whose.hardware_id),
        _one_spelling(whose.license_key),
        _one_spelling(whose.username),
        whose.license_id,
        whose.bundle_code,
    )


_INVALID: Final[dict[InvalidReason, type[LicenseRefused]]] = {
    InvalidReason.NOT_ACTIVE: LicenseNotActive,
    InvalidReason.NOT_ENABLED: LicenseNotEnabled,
    InvalidReason.EXPIRED: LicenseExpired,
}


def code_of(reason: InvalidReason) -> str:
    """Return the service's code for why a license is not valid, or one like it where the service has none."""
    return _INVALID[reason].kind if reason in _INVALID else "license_not_started"


def ended(value: LicenseFeature | License) -> LicenseRefused:
    """Return the refusal of an answer about what has ended: the service may well call it a success."""
    if isinstance(value, License):
        return _invalid(InvalidReason.EXPIRED)
    end = "" if value.expiry_date is None else f" at {value.expiry_date.isoformat()}"
    return FeatureExpired(200, FeatureExpired.kind, f"the feature ended{end}")


def refusal_in(value: LicenseFeature | License, now: datetime) -> LicenseRefused | None:
    """Return why a successful answer is no yes at a moment, or None if it is one."""
    if isinstance(value, LicenseFeature):
        return ended(value) if value.is_expired(now) else None
    reason = value.is_valid(now).reason
    return None if reason is None else _invalid(reason)


def _invalid(reason: InvalidReason) -> LicenseRefused:
    return _INVALID.get(reason, LicenseRefused)(200, code_of(reason), f"the license is {reason}")


def _one_spelling(value: T) -> T | str:
    """Return a text with its ASCII letters in lower case; anything else as it is."""
    return ascii_lower(value) if isinstance(value, str) else value


def _masked(value: str | None) -> str:
    return "None" if value is None else fingerprint(value)


@attrs.frozen(kw_only=True)
class _Check(Unpickled):
    """What every check names: the product, the device and the license.

    Args:
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license when the user has several.

    Raises:
        InvalidParameter: No request could ask this.
    """

    product: str
    hardware_id: str = attrs.field(repr=_masked)
    license_key: str | None = attrs.field(default=None, repr=_masked)
    username: str | None = attrs.field(default=None, repr=_masked)
    license_id: int | None = None

    def __attrs_post_init__(self) -> None:
        # Here, so that what cannot be asked neither reaches a gate nor counts there.
        for name, value in self._fields().items():
            object.__setattr__(self, name, value)

    def _fields(self) -> dict[str, Value]:
        whose = who(license_key=self.license_key, username=self.username)
        return required(product=self.product, hardware_id=self.hardware_id, **whose) | optional(
            license_id=self.license_id
        )

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the endpoint function that asks."""
        return attrs.asdict(self, recurse=False)

    @property
    def identity(self) -> str:
        """The license key or the user name."""
        return self.license_key or self.username or ""

    def __str__(self) -> str:
        return f"{self.product}, device {fingerprint(self.hardware_id)}, license {fingerprint(self.identity)}"


@attrs.frozen(kw_only=True)
class FeatureCheck(_Check):
    """A check of one feature of a license on a device; equal checks share one answer.

    Args:
        product: Short code of the product.
        feature: Code of the feature.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: No request could ask this.
    """

    feature: str
    bundle_code: str | None = None

    def _fields(self) -> dict[str, Value]:
        return super()._fields() | required(feature=self.feature) | optional(bundle_code=self.bundle_code)

    @property
    def key(self) -> Key:
        """The same as a tuple: cheaper to look up by."""
        return feature_key(self.product, self.feature, self)

    def call(self) -> Call[LicenseFeature]:
        """Return the call that asks; if the feature floats, it takes a slot."""
        return endpoints.check_license_feature(**self.arguments)

    def release(self) -> Call[None]:
        """Return the call that gives the slot back."""
        return endpoints.release_floating_feature(**self.arguments)

    def __str__(self) -> str:
        return f"feature {self.feature} of {super().__str__()}"


@attrs.frozen(kw_only=True)
class LicenseCheck(_Check):
    """A check of a license on a device.

    Args:
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: No request could ask this.
    """

    bundle_code: str | None = None

    def _fields(self) -> dict[str, Value]:
        return super()._fields() | optional(bundle_code=self.bundle_code)

    @property
    def key(self) -> Hashable:
        """What equal checks have in common, however the device, the key and the user are spelled."""
        # Of another length than a feature's, so that the two never meet.
        return (None, *feature_key(self.product, "", self))

    def call(self) -> Call[License]:
        """Return the call that asks; if the license floats, it takes a slot."""
        return endpoints.check_license(**self.arguments)

    def release(self) -> Call[None]:
        """Return the call that gives the slot back."""
        return endpoints.release_floating_license(**self.arguments)

    def __str__(self) -> str:
        return f"license of {super().__str__()}"


@attrs.frozen(kw_only=True)
class BundleCheck(_Check):
    """A check of the licenses of a bundle on a device.

    Args:
        product: Short code of the bundle.
        hardware_id: Unique id of the device.
        license_key: The bundle's key. Exactly one of `license_key` and `username`.
        username: The bundle's user.
        license_id: Picks the bundle license with this id.

    Raises:
        InvalidParameter: No request could ask this.
    """

    def call(self) -> Call[Bundle]:
        """Return the call that asks; licenses that float take slots."""
        return endpoints.check_bundle(**self.arguments)

    def __str__(self) -> str:
        return f"bundle {super().__str__()}"


Check: TypeAlias = FeatureCheck | LicenseCheck | BundleCheck
