"""What ties an answer to its request.

The service's v2 signature covers the body alone, so an answer that was recorded for another request verifies for ever.
A binding looks for what the body repeats of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from ..errors import AnswerMismatch
from ..models import Bundle, LicenseFeature
from ..redaction import Unpickled, excerpt
from ..signatures import Verifier
from .parameters import Value, secrets_of


@attrs.frozen
class SameFeature(Unpickled):
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
class SameDevice(Unpickled):
    """Refuses licenses whose v1 signature was made for another device, key or user.

    Args:
        asked: What was asked for, by parameter.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """

    asked: Mapping[str, Value] = attrs.field(repr=False)

    def __call__(self, bundle: Bundle, verifier: Verifier | None) -> None:
        if verifier is None:
            return
        for license in bundle:
            if license.license_signature and not verifier.holds(
                self._signed(license.validity_period), license.license_signature
            ):
                product = excerpt(license.product_details.short_code, secrets_of(self.asked))
                raise AnswerMismatch(
                    f"the license of {product!r} in the answer is not signed for this device and this key or user; "
                    "it was thrown away"
                )

    def _signed(self, validity_period: datetime | None) -> bytes:
        until = ""
        if validity_period is not None:
            until = validity_period.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        # A username may carry a suffix that is not signed: ana@example.org|SUFFIX.
        identifier = str(self.asked.get("license_key") or self.asked["username"]).partition("|")[0]
        return f"{self.asked['hardware_id']}#{identifier}#{until}".lower().encode()
