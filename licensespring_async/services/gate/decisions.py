"""What a gate is asked, and what it answers."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ...endpoints.parameters import identity, integer, text
from ...errors import LicenseSpringError

Key: TypeAlias = tuple[str, str, str, str | None, str | None, int | None, str | None]
Source: TypeAlias = Literal["service", "memory", "grace"]


@attrs.frozen(kw_only=True)
class FeatureCheck:
    """Name one feature check; equal checks share one answer.

    Args:
        product: Product short code.
        feature: Feature code.
        hardware_id: Unique id of the device.
        license_key: The license's key. Exactly one of `license_key` and `username`.
        username: The license's user.
        license_id: Picks one license when the user has several.
        bundle_code: Short code of the bundle, to act on a license inside it.

    Raises:
        InvalidParameter: No request could ask this.
    """

    product: str
    feature: str
    hardware_id: str = attrs.field(repr=False)
    license_key: str | None = attrs.field(default=None, repr=False)
    username: str | None = attrs.field(default=None, repr=False)
    license_id: int | None = None
    bundle_code: str | None = None

    def __attrs_post_init__(self) -> None:
        # Here, so that what cannot be asked neither reaches a gate nor counts there.
        text("product", self.product)
        text("feature", self.feature)
        text("hardware_id", self.hardware_id)
        identity(self.license_key, self.username)
        if self.license_id is not None:
            integer("license_id", self.license_id)
        if self.bundle_code is not None:
            text("bundle_code", self.bundle_code)

    @property
    def key(self) -> Key:
        """The same as a tuple, in this order: cheaper to look up by."""
        return (
            self.product,
            self.feature,
            self.hardware_id,
            self.license_key,
            self.username,
            self.license_id,
            self.bundle_code,
        )


@attrs.frozen(kw_only=True)
class Decision:
    """Say whether a feature may be used; true or false as a condition.

    Attributes:
        allowed: Whether it may.
        code: "ok", "feature_expired", or the code of the service's refusal.
        source: "service": just asked; "memory": answered before; "grace": the service cannot be reached.
        checked_at: When the service gave the answer: seconds since the epoch, in its time.
        expires_at: Until when the answer stands, likewise.
        floating: Whether the check holds one of the feature's slots; such answers are kept shorter, so that asking on
            renews the slot.
    """

    allowed: bool
    code: str
    source: Source
    checked_at: float
    expires_at: float
    floating: bool = False

    def __bool__(self) -> bool:
        return self.allowed


class GateOverloaded(LicenseSpringError):
    """Too many checks were refused lately, so no new one is asked for; try again in `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"too many checks that nobody asked for before; try again in {self.retry_after:.3g} s"
