"""What ties an answer to its request.

The service's v2 signature covers the body alone, so an answer that was recorded for another request verifies for ever.
A binding looks for what the body repeats of the request.
"""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from ..errors import AnswerMismatch
from ..models import Bundle, LicenseFeature
from ..redaction import excerpt, fingerprint
from ..signatures import Verifier


@attrs.frozen
class SameFeature:
    """Refuses an answer about another feature, or about another license when one was asked for.

    Args:
        code: Of the feature that was asked for.
        license_id: Of the license that was asked for, or None for any.
        secrets: Values that the answer may repeat and the error must not.
    """

    code: str
    license_id: int | None
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)

    def __call__(self, feature: LicenseFeature, verifier: Verifier | None) -> None:
        # The service does not tell upper and lower case apart.
        if feature.code.casefold() != self.code.casefold():
            given, asked = excerpt(feature.code, self.secrets), excerpt(self.code)
            raise AnswerMismatch(f"the answer is about the feature {given!r}, not {asked!r}; it was thrown away")
        if self.license_id is not None and feature.license_id != self.license_id:
            raise AnswerMismatch("the answer is about another license than license_id says; it was thrown away")


@attrs.frozen
class SameDevice:
    """Refuses licenses whose v1 signature was made for another device, key or user.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """

    hardware_id: str = attrs.field(repr=fingerprint)
    identifier: str = attrs.field(repr=fingerprint)

    def __call__(self, bundle: Bundle, verifier: Verifier | None) -> None:
        if verifier is None:
            return
        for license in bundle:
            if license.license_signature and not verifier.holds(
                self._signed(license.validity_period), license.license_signature
            ):
                product = excerpt(license.product_details.short_code, (self.hardware_id, self.identifier))
                raise AnswerMismatch(
                    f"the license of {product!r} in the answer is not signed for this device and this key or user; "
                    "it was thrown away"
                )

    def _signed(self, validity_period: datetime | None) -> bytes:
        until = ""
        if validity_period is not None:
            until = validity_period.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        # A username may carry a suffix that is not signed: ana@example.org|SUFFIX.
        return f"{self.hardware_id}#{self.identifier.partition('|')[0]}#{until}".lower().encode()
