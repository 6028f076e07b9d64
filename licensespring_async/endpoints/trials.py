"""Trials."""

from ..models import Trial
from ..models.shapes import One
from ..transport.values import Call
from .documenting import documented
from .requests import get, optional, required

_TRIAL = One(Trial)


@documented
def trial_key(
    *,
    product: str,
    hardware_id: str,
    email: str | None = None,
    password: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    phone: str | None = None,
    license_policy: str | None = None,
    company_name: str | None = None,
    address: str | None = None,
    postcode: str | None = None,
    city: str | None = None,
    state: str | None = None,
    country: str | None = None,
    reference: str | None = None,
    sdk_ver: str | None = None,
) -> Call[Trial]:
    """Get a trial license for a device: a new one, or the one that it already has.

    **Side effect:** the first call for a device creates a license, and a customer if you pass a customer's field. A
    repeated call returns the same trial, so it is retried. Activate the license with `activate_license`.

    Args:
        password: The password of the trial's user, for user-based products; the service makes one if left out.

    Returns:
        The trial: `license_key`, or `license_user` with an `initial_password` if the trial is new.

    Raises:
        TrialNotAllowed: The product offers no trials.
        TrialExpired: The device's trial has ended.
        EmailMissing: A user-based product needs an e-mail address.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/trial-key
    """
    fields = required(hardware_id=hardware_id, product=product) | optional(
        email=email,
        password=password,
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        license_policy=license_policy,
        company_name=company_name,
        address=address,
        postcode=postcode,
        city=city,
        state=state,
        country=country,
        reference=reference,
        sdk_ver=sdk_ver,
    )
    return get("trial_key", fields, _TRIAL)
