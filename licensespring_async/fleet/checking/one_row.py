"""Checking one row: a row in, a result out."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter

import attrs

from ...checks import BundleCheck, FeatureCheck, LicenseCheck
from ...client import LicenseSpring
from ...errors import (
    ApiError,
    FloatingFeatureDeviceNotInUse,
    FloatingNotAvailable,
    LicenseSpringError,
    RateLimited,
    ResponseError,
)
from ...judging import Checked
from ...models import Bundle, License, LicenseFeature
from ...redaction import fingerprint
from ...transport import RawResponse
from ...transport.values import Call
from ..results.result import Outcome, Result, Verdict
from ..rows.row import InvalidRow, Row, kind_of
from .verdicts import ABORTED, INVALID_ROW, of_answer, of_error


async def check_row(client: LicenseSpring, row: Row, *, release: bool = False) -> Result:
    """Check one row and return its result; a failed check is a result too.

    **Side effect:** the device takes a slot if the feature or license floats.

    Args:
        client: Client that sends it.
        row: The row to check.
        release: Whether to give a floating slot back after the check, even if the device held it before.

    Raises:
        AuthorizationError, SignatureError, ConfigurationError: Every other row would fail with this error too.
    """
    try:
        return await answer_of(client, row, release=release)
    except LicenseSpringError as error:
        if error.is_about_everything:
            raise
        return failed(row, error)


async def answer_of(client: LicenseSpring, row: Row, *, release: bool = False) -> Result:
    """Check one row and return the result of the service's answer; raise any failure."""
    check = row.check
    call: Call[Checked] = check.call()
    raw = await client.perform(call)
    result = _answered(row, raw, client.now())
    value = raw.value
    if release and not isinstance(check, BundleCheck) and not isinstance(value, Bundle) and value.holds_slot:
        result = await _without_slot(client, check, result)
    return result


def failed(row: Row, error: LicenseSpringError) -> Result:
    """Return the result of a check that raised an error."""
    return _result(
        row,
        of_error(error),
        http_status=error.status if isinstance(error, ApiError | RateLimited | ResponseError) else None,
        attempts=error.attempts,
        seconds=max((error.elapsed or 0.0) - error.waited, 0.0),
        waited=error.waited,
    )


def invalid(row: InvalidRow) -> Result:
    """Return the result of a row that cannot be checked."""
    return Result(
        row=row.row, line=row.line, outcome=Outcome.ERROR, code=INVALID_ROW, message=row.reason, kept=row.kept
    )


def skipped(row: Row, why: str) -> Result:
    """Return the result of a row that was not checked because the run had ended."""
    return _result(row, Verdict(outcome=Outcome.SKIPPED, code=ABORTED, message=why))


async def _without_slot(client: LicenseSpring, check: FeatureCheck | LicenseCheck, result: Result) -> Result:
    try:
        await client.perform(check.release())
    except (FloatingFeatureDeviceNotInUse, FloatingNotAvailable):
        return result
    except LicenseSpringError as error:
        if error.is_about_everything:
            raise
        # The answer of the check stands; the message tells people that the slot is still held.
        return attrs.evolve(result, message=f"the floating slot was not given back: {of_error(error).code}")
    return result


def _answered(row: Row, raw: RawResponse[Checked], now: datetime) -> Result:
    value = raw.value
    if isinstance(value, LicenseFeature):
        expires_at, consumptions_left = value.expiry_date, value.remaining_consumptions
        used = value.floating_in_use_devices
        allowed = None if used is None else value.floating_users
    else:
        licenses = [value] if isinstance(value, License) else list(value)
        valid = [each for each in licenses if each.is_valid(now)]
        # If all licenses have ended, report when they did.
        ends, left = [each.ends_at for each in valid or licenses], [each.remaining_consumptions for each in valid]
        slots = [(each.floating_in_use_devices, each.floating_users) for each in valid]
        expires_at = min((each for each in ends if each is not None), default=None)
        consumptions_left = min((each for each in left if each is not None), default=None)
        used, allowed = max(((n, of) for n, of in slots if n is not None), key=itemgetter(0), default=(None, None))
    return _result(
        row,
        of_answer(value, now),
        http_status=raw.status,
        attempts=raw.attempts,
        seconds=max(raw.elapsed - raw.waited, 0.0),
        waited=raw.waited,
        expires_at=expires_at,
        slots_in_use=used,
        slots_allowed=allowed,
        consumptions_left=consumptions_left,
        verified=raw.verified,
    )


def _result(
    row: Row,
    verdict: Verdict,
    *,
    http_status: int | None = None,
    attempts: int = 0,
    seconds: float = 0.0,
    waited: float = 0.0,
    expires_at: datetime | None = None,
    slots_in_use: int | None = None,
    slots_allowed: int | None = None,
    consumptions_left: int | None = None,
    verified: bool = False,
) -> Result:
    check = row.check
    return Result(
        row=row.row,
        line=row.line,
        outcome=verdict.outcome,
        code=verdict.code,
        message=verdict.message,
        product=check.product,
        feature=check.feature if isinstance(check, FeatureCheck) else "",
        hardware=fingerprint(check.hardware_id),
        key=fingerprint(check.identity),
        http_status=http_status,
        attempts=attempts,
        seconds=seconds,
        waited=waited,
        expires_at=expires_at,
        slots_in_use=slots_in_use,
        consumptions_left=consumptions_left,
        verified=verified,
        slots_allowed=slots_allowed,
        at=None if verdict.outcome is Outcome.SKIPPED else datetime.now(UTC),
        check=kind_of(check),
        kept=row.kept,
    )
