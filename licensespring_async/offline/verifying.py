"""From a record to its license: everything is verified again at every load."""

from __future__ import annotations

import hashlib
from functools import cached_property

import attrs

from ..auth import ApiKey, ClientCredentials
from ..endpoints.binding import SameDevice, names_of
from ..endpoints.requests import optional, required
from ..errors import AnswerMismatch, ConfigurationError, LicenseSpringError, SignatureError
from ..models import License
from ..models.json_types import ascii_lower, is_same
from ..models.shapes import One
from ..redaction import Unpickled
from ..signatures import PRODUCTION_PUBLIC_KEY, PublicKeys, Verifier
from .air_gap import AirGap, AirGapConfirmation
from .files import read_either
from .record import Kind, Record
from .store_errors import NothingStored

_LICENSE = One(License)


@attrs.frozen(kw_only=True)
class Trust(Unpickled):
    """What a stored license is verified against.

    Attributes:
        hardware_id: Unique id of this device.
        product: Short code of the product.
        license_key: The key that a stored license must be for; if `username` is None too, any.
        username: The user that it must be for.
        auth: The credentials of the program; needed for an offline file.
        public_key: PEM of the key that the service signs with; None for the vendor's.
        air_gap: The company's air-gap key and policies; needed for an air-gap confirmation.
    """

    hardware_id: str = attrs.field(repr=False)
    product: str
    license_key: str | None = attrs.field(default=None, repr=False)
    username: str | None = attrs.field(default=None, repr=False)
    auth: ApiKey | ClientCredentials | None = attrs.field(default=None, repr=False)
    public_key: PublicKeys | None = None
    air_gap: AirGap | None = None

    @property
    def whose(self) -> str:
        """A hash of the license key or user; "" if neither is known."""
        named = self.license_key or self.username
        return "" if named is None else hashlib.sha256(ascii_lower(f"{self.product}#{named}").encode()).hexdigest()

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(PRODUCTION_PUBLIC_KEY if self.public_key is None else self.public_key)

    def license_in(self, record: Record) -> License:
        """Return the license of a record that has one.

        Raises:
            NothingStored: It is for another key or user.
            SignatureError: No trusted key signed it; `AnswerMismatch`: it is for another device or product.
            ResponseError: It cannot be read.
            ConfigurationError: An argument to verify it with is missing.
        """
        license = self._of(record)
        if self.is_of_another(license):
            raise NothingStored("the stored license is for another key or user; check this one online")
        return license

    def _of(self, record: Record) -> License:
        if record.kind is Kind.ANSWER:
            return self._of_answer(record)
        if record.kind is Kind.AIR_GAP:
            if self.air_gap is None:
                raise ConfigurationError(
                    "air_gap: is missing; the stored license is an air-gap confirmation, which needs it"
                )
            confirmation = AirGapConfirmation.decoded(record.body)
            return self.air_gap.license(confirmation, hardware_id=self.hardware_id, product=self.product)
        if self.auth is None:
            raise ConfigurationError("auth: is missing; the stored license is an offline file, which needs it")
        return read_either(
            record.body.decode(),
            auth=self.auth,
            hardware_id=self.hardware_id,
            product=self.product,
            public_key=self.public_key,
        )

    def is_for(self, record: Record) -> bool:
        """Return whether a record may be for this key or user; not if it is for another one."""
        try:
            self.license_in(record)
        except NothingStored:
            return False
        except LicenseSpringError:
            pass  # it licenses nothing anyway
        return True

    def _of_answer(self, record: Record) -> License:
        asked = required(hardware_id=self.hardware_id, product=self.product)
        if not self._verifier.holds(record.body, record.signature or ""):
            raise SignatureError(
                "no trusted key signed the stored answer; if the keys are right, the answer was changed"
            )
        license = _LICENSE.read(record.body, is_verified=True)
        if license.hardware_id is None and license.license_signature is None:
            raise AnswerMismatch("the stored answer does not name its device")
        SameDevice(asked | optional(license_key=license.license_key))(license, self._verifier)
        return license

    def is_of_another(self, license: License) -> bool:
        """Return whether a verified license is for another key or user than this one, if either is known."""
        whose = optional(license_key=self.license_key, username=self.username)
        if not whose:
            return False
        try:
            SameDevice(required(hardware_id=self.hardware_id, product=self.product) | whose)(license, self._verifier)
        except AnswerMismatch:
            return True
        # The v1 signature can be cut out of a license file. Then only what it names says whose it is.
        named = names_of(license) if license.license_signature is None else []
        if license.license_key and (self.license_key is not None or license.license_signature is None):
            named.append(license.license_key)
        identity = self.license_key or str(self.username).partition("|")[0]
        return bool(named) and not any(is_same(identity, each) for each in named)
