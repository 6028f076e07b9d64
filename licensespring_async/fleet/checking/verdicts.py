"""Judge what an answer or an error says about a device. Pure."""

from __future__ import annotations

from datetime import datetime

from ...errors import ApiError, InvalidParameter, LicenseRefused, LicenseSpringError
from ...errors.codes import OK
from ...judging import Checked, refusal_in
from ..results.result import Outcome, Verdict

INVALID_ROW = "invalid_row"
ABORTED = "aborted"

_LICENSED = Verdict(outcome=Outcome.LICENSED, code=OK)


def of_answer(value: Checked, now: datetime) -> Verdict:
    """Judge a successful answer: its feature or licenses may still have ended.

    Args:
        value: The answer.
        now: The moment to judge at, with a time zone.
    """
    refusal = refusal_in(value, now)
    return _LICENSED if refusal is None else of_error(refusal)


def of_error(error: LicenseSpringError) -> Verdict:
    """Judge a failed check: a refusal is a no, anything else an error."""
    outcome = Outcome.NOT_LICENSED if isinstance(error, LicenseRefused) else Outcome.ERROR
    return Verdict(outcome=outcome, code=_code(error), message=_message(error))


def _code(error: LicenseSpringError) -> str:
    return INVALID_ROW if isinstance(error, InvalidParameter) else error.code_name


def _message(error: LicenseSpringError) -> str:
    if isinstance(error, ApiError) and error.code and error.message:
        return error.message  # without the code, which is a field of its own
    return "; ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())])
