"""Verdicts: what an answer or an error says about a device. Pure."""

from __future__ import annotations

from datetime import datetime

from ...checks import expired
from ...errors import ApiError, InvalidParameter, LicenseRefused, LicenseSpringError
from ...errors.codes import OK
from ...models import Bundle, InvalidReason, License, LicenseFeature
from ...redaction import excerpt
from ..results.result import Outcome, Verdict

INVALID_ROW = "invalid_row"
ABORTED = "aborted"

# The service's own words where it has one, so that a summary counts both under one code.
_INVALID_LICENSE = {
    InvalidReason.NOT_ACTIVE: "license_not_active",
    InvalidReason.NOT_ENABLED: "license_not_enabled",
    InvalidReason.EXPIRED: "license_expired",
    InvalidReason.NOT_STARTED: "license_not_started",
}
_LICENSED = Verdict(outcome=Outcome.LICENSED, code=OK)


def of_answer(value: LicenseFeature | License | Bundle, now: datetime) -> Verdict:
    """Judge a successful answer: the service's yes still holds a feature or licenses that may have ended.

    Args:
        value: The answer.
        now: The moment to judge at, aware.
    """
    if isinstance(value, LicenseFeature):
        return _of_feature(value, now)
    return _of_license(value, now) if isinstance(value, License) else _of_bundle(value, now)


def of_error(error: LicenseSpringError) -> Verdict:
    """Judge a failed check: a refusal is an answer, anything else an error."""
    outcome = Outcome.NOT_LICENSED if isinstance(error, LicenseRefused) else Outcome.ERROR
    return Verdict(outcome=outcome, code=_code(error), message=_message(error))


def _of_feature(feature: LicenseFeature, now: datetime) -> Verdict:
    return of_error(expired(feature)) if feature.is_expired(now) else _LICENSED


def _of_license(license: License, now: datetime) -> Verdict:
    reason = license.is_valid(now).reason
    if reason is None:
        return _LICENSED
    return Verdict(outcome=Outcome.NOT_LICENSED, code=_INVALID_LICENSE[reason], message=f"the license is {reason}")


def _of_bundle(bundle: Bundle, now: datetime) -> Verdict:
    reasons = [each.is_valid(now).reason for each in bundle]
    if not reasons:
        return Verdict(outcome=Outcome.NOT_LICENSED, code="empty_bundle", message="the bundle holds no license")
    first = reasons[0]
    if first is None or None in reasons:
        return _LICENSED
    why = ", ".join(
        f"{each.product_details.short_code}: {reason}" for each, reason in zip(bundle, reasons, strict=True)
    )
    return Verdict(
        outcome=Outcome.NOT_LICENSED,
        code=_INVALID_LICENSE[first],
        message=f"no license of the bundle is valid ({excerpt(why)})",
    )


def _code(error: LicenseSpringError) -> str:
    return INVALID_ROW if isinstance(error, InvalidParameter) else error.code_name


def _message(error: LicenseSpringError) -> str:
    if isinstance(error, ApiError) and error.message:
        return error.message  # its code and status have places of their own
    return "; ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())])
