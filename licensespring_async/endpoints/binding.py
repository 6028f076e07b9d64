"""Checks that tie an answer to its request.

The service's v2 signature covers the body alone, so a recorded answer to another request verifies forever. A binding
compares what the body repeats of the request. Like the service, it ignores the case of A to Z.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..by_fields import ByFields
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
from ..models.json_types import ascii_lower, in_utc, is_same
from ..redaction import Unpickled, excerpt
from ..signatures import Verifier
from .parameters import Value, secrets_of


@attrs.frozen(eq=False, repr=False)
class _Binding(Unpickled, ByFields):
    """What ties an answer to a request.

    Args:
        asked: The request's parameters.
    """

    asked: Mapping[str, Value] = attrs.field(repr=False)

    @property
    def _license_id(self) -> Value:
        """The id that the license in the answer must have; None for any."""
        # Inside a bundle, license_id may mean the bundle or its member: the documentation does not say which.
        return None if "bundle_code" in self.asked else self.asked.get("license_id")


class SameFeature(_Binding):
    """Refuses an answer about another feature, or about a license other than `license_id`.

    The body repeats neither product nor device, key or user, so an answer about another of these is not noticed.
    """

    __slots__ = ()

    def __call__(self, feature: LicenseFeature, verifier: Verifier | None) -> None:
        code = str(self.asked["feature"])
        if not is_same(feature.code, code):
            given, asked = excerpt(feature.code, secrets_of(self.asked)), excerpt(code)
            raise AnswerMismatch(f"the answer is about the feature {given!r}, not {asked!r}; it was discarded")
        if self._license_id not in (None, feature.license_id):
            raise AnswerMismatch("the answer is about a license other than license_id; it was discarded")


class SameDevice(_Binding):
    """Refuses licenses of another product, license, device, key or user.

    The first license of a bundle is the bundle's own, so one license must have the requested product and id. The v1
    signature of each license covers device, key and user; a license without such a signature is believed.

    Source: https://docs.licensespring.com/license-api/license-api-authorization/response-signature
    """

    __slots__ = ()

    def __call__(self, answer: License | Bundle, verifier: Verifier | None) -> None:
        licenses = tuple(answer) if isinstance(answer, Bundle) else (answer,)
        if not licenses:
            return
        product = str(self.asked["product"])
        if not any(is_same(product, each.product_details.short_code) for each in licenses):
            raise AnswerMismatch(f"the answer has no license of the product {excerpt(product)!r}; it was discarded")
        if self._license_id not in (None, *(each.id for each in licenses)):
            raise AnswerMismatch("the answer has no license with the requested license_id; it was discarded")
        for each in licenses:
            problem = self._problem(each, verifier)
            if problem:
                of = excerpt(each.product_details.short_code, secrets_of(self.asked))
                raise AnswerMismatch(f"the license of {of!r} in the answer {problem}; it was discarded")

    def _problem(self, license: License, verifier: Verifier | None) -> str:
        device = str(self.asked["hardware_id"])
        if license.hardware_id is not None and not is_same(license.hardware_id, device):
            return "is another device's"
        # An empty signature is an invalid one.
        if verifier is None or license.license_signature is None:
            return ""
        until = "" if license.validity_period is None else in_utc(license.validity_period)
        for identity in self._identities(license):
            if verifier.holds(ascii_lower(f"{device}#{identity}#{until}").encode(), license.license_signature):
                break
        else:
            return "is not signed for this device and this key or user"
        # The text of device a and key b#c is that of device a#b and key c.
        if "#" in device + identity and not self._is_repeated(license, identity):
            return "is signed for a text with a further #, so device and key or user cannot be told apart"
        return ""

    def _identities(self, license: License) -> list[str]:
        key = self.asked.get("license_key")
        if key is not None:
            return [str(key)]
        # Only a username may have an unsigned suffix: ana@example.org|SUFFIX.
        username = self.asked.get("username")
        if username is not None:
            return [str(username).partition("|")[0]]
        # After a single sign-on, only the answer says who signed on.
        return names_of(license)

    def _is_repeated(self, license: License, identity: str) -> bool:
        """Return whether a license names its device, or its key or user, so that the signed text is unambiguous."""
        if license.hardware_id is not None:
            return True
        named = [license.license_key or ""] if "license_key" in self.asked else names_of(license)
        return any(is_same(identity, each) for each in named)


def names_of(license: License) -> list[str]:
    """Return the names of a license's user: its e-mail address, which is what the service signs, and its username."""
    names = [None if license.user is None else license.user.email, license.username]
    return [each.partition("|")[0] for each in names if each]


class SameLicense(_Binding):
    """Refuses a count or a borrowing of a license other than `license_id`."""

    __slots__ = ()

    def __call__(self, answer: Consumption | Borrowing, verifier: Verifier | None) -> None:
        # A license's count has the license's own id; a feature's has both.
        answered = answer.id if isinstance(answer, Consumption) and "feature" not in self.asked else answer.license_id
        if self._license_id is not None and answered not in (None, self._license_id):
            raise AnswerMismatch("the answer is about a license other than license_id; it was discarded")


class SameProduct(_Binding):
    """Refuses details of another product."""

    __slots__ = ()

    def __call__(self, answer: ProductDetails, verifier: Verifier | None) -> None:
        if not is_same(answer.short_code, str(self.asked["product"])):
            raise AnswerMismatch(
                f"the answer is about the product {excerpt(answer.short_code)!r}, not "
                f"{excerpt(str(self.asked['product']))!r}; it was discarded"
            )


class SameVersion(_Binding):
    """Refuses an installation file of a version other than the requested one."""

    __slots__ = ()

    def __call__(self, answer: InstallationFile, verifier: Verifier | None) -> None:
        if self.asked.get("version") not in (None, answer.version):
            raise AnswerMismatch("the answer is about a version other than the requested one; it was discarded")


class SameVariables(_Binding):
    """Refuses an answer that lacks variables which the call stored."""

    __slots__ = ()

    def __call__(self, answer: tuple[DeviceVariable, ...], verifier: Verifier | None) -> None:
        stored, sent = {each.variable for each in answer}, self.asked["variables"]
        if isinstance(sent, dict) and not sent.keys() <= stored:
            raise AnswerMismatch("the answer lacks variables that were sent; it was discarded")
