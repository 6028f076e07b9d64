"""Trials: what `trial_key` answers."""

from __future__ import annotations

import attrs

from ..enums import ConsumptionPeriod, LicenseType
from ..fields import secret
from ..json_types import JsonObject, OptionalDate, RecordedAt
from ..model import Model
from .company import Company


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Trial(Model):
    """The answer of `trial_key`: a new trial, or the one that the device already has.

    Activate with its `license_key` or its `license_user`, whichever is there. For a trial that already exists, the
    service returns only these and the license's type.

    Source: https://docs.licensespring.com/license-api/trial-key

    Attributes:
        license_key: The license's key, of a key-based product.
        license_user: The license's user, of a user-based product; other calls take it as `username`.
        initial_password: The user's first password; only for a new trial.
        valid_duration: How long the license lasts: a number and `d`, `m` or `y`, such as `30d`.
        maintenance_duration: How long the license gets new versions, in the same form.
    """

    license_type: LicenseType | str | None = None
    is_trial: bool | None = None
    license_key: str | None = secret()
    license_user: str | None = secret()
    initial_password: str | None = secret()
    id: int | None = None
    order_id: int | None = None
    product_id: int | None = None
    license_user_id: int | None = None
    created_at: RecordedAt = None
    updated_at: RecordedAt = None
    active: bool | None = None
    enabled: bool | None = None
    trial_days: int | None = None
    valid_duration: str | None = None
    validity_period: OptionalDate = None
    maintenance_duration: str | None = None
    enable_maintenance_period: bool | None = None
    allow_grace_period: bool | None = None
    grace_period: int | None = None
    max_activations: int | None = None
    times_activated: int | None = None
    max_transfers: int | None = None
    max_license_users: int | None = None
    max_consumptions: int | None = None
    consumption_period: ConsumptionPeriod | str | None = None
    reset_consumption: bool | None = None
    allow_overages: bool | None = None
    max_overages: int | None = None
    is_floating: bool | None = None
    is_floating_cloud: bool | None = None
    floating_users: int | None = None
    floating_timeout: int | None = None
    is_hardware_key_auth: bool | None = None
    prevent_vm: bool | None = None
    metadata: JsonObject | None = attrs.field(default=None, hash=False)
    company: Company | None = None

    def __attrs_post_init__(self) -> None:
        if not (self.license_key or self.license_user):
            raise ValueError("expected license_key or license_user, got neither")
