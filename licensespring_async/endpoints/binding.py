"""What ties an answer to its request.

The service's v2 signature covers the body alone, so an answer that was recorded for another request verifies for ever.
A binding looks for what the body repeats of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

import attrs

from ..errors import AnswerMismatch
from ..models import (
    Borrowing,
    Bundle,
    Consumption,
    DeviceVariable,
    InstallationFile,
    License,
    LicenseFeature,
    ProductDetails,
)
from ..redaction import excerpt
from ..signatures import Verifier
from .parameters import Value, secrets_of


@attrs.frozen
class SameFeature:
    """Refuses an answer about another feature, or about another license when one was asked for.

    Args:
        asked: What was asked for, by parameter.
    """

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, feature: LicenseFeature, verifier: Verifier | None) -> None:
        code, license_id = str(self.asked["feature"]), self.asked.get("license_id")
        # The service does not tell upper and lower case apart.
        if feature.code.casefold() != code.casefold():
            given, asked = excerpt(feature.code, secrets_of(self.asked)), excerpt(code)
            raise AnswerMismatch(f"the answer is about the feature {given!r}, not {asked!r}; it was thrown away")
        # Inside a bundle a license_id may be the bundle's or its member's: the documentation does not say which.
        if license_id is not None and "bundle_code" not in self.asked and feature.license_id != license_id:
            raise AnswerMismatch("the answer is about another license than license_id says; it was thrown away")


@attrs.frozen
class SameDevice:
    """Refuses licenses whose v1 signature was made for another device, key or user.

    Args:
        asked: What was asked for, by parameter.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, answer: License | Bundle, verifier: Verifier | None) -> None:
        if verifier is None:
            return
        for license in answer if isinstance(answer, Bundle) else (answer,):
            if license.license_signature and not verifier.holds(self._signed(license), license.license_signature):
                product = excerpt(license.product_details.short_code, secrets_of(self.asked))
                raise AnswerMismatch(
                    f"the license of {product!r} in the answer is not signed for this device and this key or user; "
                    "it was thrown away"
                )

    def _signed(self, license: License) -> bytes:
        until = ""
        if license.validity_period is not None:
            until = license.validity_period.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        # After a single sign-on only the answer says who signed on.
        asked = self.asked.get("license_key") or self.asked.get("username")
        # A username may carry a suffix that is not signed: ana@example.org|SUFFIX.
        identifier = str(asked or license.license_key or license.username or "").partition("|")[0]
        return f"{self.asked['hardware_id']}#{identifier}#{until}".lower().encode()


@attrs.frozen
class SameLicense:
    """Refuses a count or a borrowing of another license than `license_id` named.

    Args:
        asked: What was asked for, by parameter.
    """

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, answer: Consumption | Borrowing, verifier: Verifier | None) -> None:
        license_id = self.asked.get("license_id")
        if license_id is None or "bundle_code" in self.asked:
            return
        # A license's count has the license's own id; a feature's has both.
        answered = answer.id if isinstance(answer, Consumption) and "feature" not in self.asked else answer.license_id
        if answered not in (None, license_id):
            raise AnswerMismatch("the answer is about another license than license_id says; it was thrown away")


@attrs.frozen
class SameProduct:
    """Refuses details of another product."""

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, answer: ProductDetails, verifier: Verifier | None) -> None:
        if answer.short_code.lower() != str(self.asked["product"]).lower():
            raise AnswerMismatch(
                f"the answer is about the product {excerpt(answer.short_code)!r}, not "
                f"{excerpt(str(self.asked['product']))!r}; it was thrown away"
            )


@attrs.frozen
class SameVersion:
    """Refuses an installation file of another version than was asked for."""

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, answer: InstallationFile, verifier: Verifier | None) -> None:
        if self.asked.get("version") not in (None, answer.version):
            raise AnswerMismatch("the answer is about another version than was asked for; it was thrown away")


@attrs.frozen
class SameVariables:
    """Refuses an answer to a call that stored other variables."""

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, answer: tuple[DeviceVariable, ...], verifier: Verifier | None) -> None:
        stored, sent = {each.variable for each in answer}, self.asked["variables"]
        if isinstance(sent, dict) and not sent.keys() <= stored:
            raise AnswerMismatch("the answer lacks variables that were sent; it was thrown away")
