"""A check as a value: it is validated once, can be compared, and makes the calls that ask and release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import attrs

from . import endpoints
from .by_fields import ByFields
from .endpoints.parameters import CHECKS
from .endpoints.requests import who
from .models import Bundle, License, LicenseFeature
from .models.json_types import ascii_lower
from .redaction import Unpickled, fingerprint
from .transport.values import Call

Key: TypeAlias = tuple[str | int | None, ...]

T = TypeVar("T")


class Whose(Protocol):
    """Names a device and a license, as every check does."""

    @property
    def hardware_id(self) -> str: ...
    @property
    def license_key(self) -> str | None: ...
    @property
    def username(self) -> str | None: ...
    @property
    def license_id(self) -> int | None: ...
    @property
    def bundle_code(self) -> str | None: ...


def key_of_whose(whose: Whose) -> Key:
    """Return the rest of the key of a feature's or a license's check, behind its product and feature.

    Spellings of one device, key or user share one key. Otherwise one license could fill a gate. The service signs all
    three in lower case, so its own signatures do not tell spellings apart. For products and features, nothing is
    documented.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """
    return (
        _one_spelling(whose.hardware_id),
        _one_spelling(whose.license_key),
        _one_spelling(whose.username),
        whose.license_id,
        whose.bundle_code,
    )


def _one_spelling(value: T) -> T | str:
    """Return a text with its ASCII letters in lower case; anything else as it is."""
    return ascii_lower(value) if isinstance(value, str) else value


def _masked(value: str | None) -> str:
    return "None" if value is None else fingerprint(value)


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class _Check(Unpickled, ByFields):
    """The fields of every check: the product, the device and the license."""

    product: str
    hardware_id: str = attrs.field(repr=_masked)
    license_key: str | None = attrs.field(default=None, repr=_masked)
    username: str | None = attrs.field(default=None, repr=_masked)
    license_id: int | None = None

    def __attrs_post_init__(self) -> None:
        # An invalid check must neither reach a gate nor count there.
        who(license_key=self.license_key, username=self.username)
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            sent = CHECKS[field.name](field.name, value)
            if sent is not value:
                object.__setattr__(self, field.name, sent)

    @classmethod
    def of_valid(cls, arguments: Mapping[str, Any]) -> Self:
        """Return the check that had these `arguments`, without another look at them."""
        check = cls.__new__(cls)
        vars(check).update(arguments)
        return check

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the check's endpoint function."""
        return dict(vars(self))

    @property
    def identity(self) -> str:
        """The license key or the user name."""
        return self.license_key or self.username or ""

    def __str__(self) -> str:
        return f"{self.product}, device {fingerprint(self.hardware_id)}, license {fingerprint(self.identity)}"


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class FeatureCheck(_Check):
    """A check of one feature of a license on a device; equal checks share one answer.

    Args:
        product: Short code of the product.
        feature: Code of the feature.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license if the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """

    feature: str
    bundle_code: str | None = None

    @property
    def key(self) -> Key:
        """The check as a tuple, by which a gate finds cached answers."""
        return (self.product, self.feature, *key_of_whose(self))

    def call(self) -> Call[LicenseFeature]:
        """Return the call of the check; it takes a slot if the feature floats."""
        return endpoints.check_license_feature(**self.arguments)

    def release(self) -> Call[None]:
        """Return the call that releases the slot."""
        return endpoints.release_floating_feature(**self.arguments)

    def __str__(self) -> str:
        return f"feature {self.feature} of {super().__str__()}"


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class LicenseCheck(_Check):
    """A check of a license on a device.

    Args:
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license if the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """

    bundle_code: str | None = None

    @property
    def key(self) -> Key:
        """The same for all spellings of the device, the key and the user."""
        return (self.product, None, *key_of_whose(self))

    def call(self) -> Call[License]:
        """Return the call of the check; it takes a slot if the license floats."""
        return endpoints.check_license(**self.arguments)

    def release(self) -> Call[None]:
        """Return the call that releases the slot."""
        return endpoints.release_floating_license(**self.arguments)

    def __str__(self) -> str:
        return f"license of {super().__str__()}"


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class BundleCheck(_Check):
    """A check of the licenses of a bundle on a device.

    Args:
        product: Short code of the bundle.
        hardware_id: Unique id of the device.
        license_key: The bundle's key. Exactly one of `license_key` and `username`.
        username: The bundle's user.
        license_id: Picks the bundle license with this id.

    Raises:
        InvalidParameter: An argument cannot be sent.
    """

    @property
    def key(self) -> Key:
        """The same for all spellings of the device, the key and the user."""
        # Shorter than the keys of other checks, so that it never equals one.
        whose = (self.hardware_id, self.license_key, self.username)
        return (self.product, *map(_one_spelling, whose), self.license_id)

    def call(self) -> Call[Bundle]:
        """Return the call of the check; it takes slots for licenses that float."""
        return endpoints.check_bundle(**self.arguments)

    def __str__(self) -> str:
        return f"bundle {super().__str__()}"


Check: TypeAlias = FeatureCheck | LicenseCheck | BundleCheck
