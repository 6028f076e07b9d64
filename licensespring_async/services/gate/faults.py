"""Log once why a gate cannot decide: a wrong constant of the program, or a service that does not answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Final, TypeAlias, TypeVar

from ...checks import Check, FeatureCheck
from ...errors import (
    InvalidLicenseFeatureCode,
    LicenseRefused,
    LicenseSpringError,
    UnknownProduct,
    UnsupportedProductFeature,
)

_log = logging.getLogger("licensespring_async.services")
# Products and features are usually constants of a program. If visitors choose them, this bounds the memory.
_MOST_NAMES: Final = 1000

T = TypeVar("T")
Name: TypeAlias = tuple[str, str | None]
"""A product, or one of its features."""


class Faults:
    """Record what the service seems not to know, and whether it can be reached.

    A license without a feature gets the same code as a misspelled feature. So a feature is doubted until some license
    has it, and never again after that.

    Attributes:
        retry_after: Seconds that an unreachable service last asked the client to wait, or None.
    """

    def __init__(self) -> None:
        self._doubted: OrderedDict[Name, str] = OrderedDict()
        self._known: OrderedDict[Name, bool] = OrderedDict()
        self._failing: OrderedDict[Name, str] = OrderedDict()
        self._is_away = False
        self.retry_after: float | None = None

    def doubts(self, check: Check) -> bool:
        """Return whether the service seems not to know the product or the feature of a check."""
        return _product(check) in self._doubted or _name(check) in self._doubted

    def allowed(self, check: Check) -> None:
        """Record a positive answer."""
        self._answered()
        name = _name(check)
        _put(self._known, name, True)
        self._failing.pop(name, None)
        for each in (name, _product(check)):
            if self._doubted.pop(each, None) is not None:
                _log.warning("the service knows %s after all", _words(each))

    def refused(self, check: Check, refusal: LicenseRefused) -> None:
        """Record a refusal."""
        self._answered()
        if isinstance(refusal, UnknownProduct):
            self._doubt(_product(check), refusal.code, "check the short code and the account of the credentials")
            return
        self._doubted.pop(_product(check), None)
        is_of_feature = isinstance(refusal, InvalidLicenseFeatureCode | UnsupportedProductFeature)
        if is_of_feature and _name(check) not in self._known:
            self._doubt(
                _name(check), refusal.code, "check its code, or this license lacks it: no license with it was seen yet"
            )

    def failed(self, check: Check, error: Exception) -> None:
        """Record the error that left a check undecided."""
        if isinstance(error, LicenseSpringError):
            if error.is_undecided:
                self._miss(error)
                return
            self._answered()
        name, code = _name(check), _code(error)
        if self._failing.get(name) != code:
            _log.error("%s cannot be checked: %s", _words(name), code)
        _put(self._failing, name, code)

    def _miss(self, error: LicenseSpringError) -> None:
        if not self._is_away:
            level = logging.WARNING if error.may_pass else logging.ERROR
            _log.log(level, "licenses cannot be checked right now: %s", _code(error))
        self._is_away = True
        self.retry_after = getattr(error, "retry_after", None)

    def _answered(self) -> None:
        if self._is_away:
            _log.warning("licenses can be checked again")
        self._is_away = False
        self.retry_after = None

    def _doubt(self, name: Name, code: str, advice: str) -> None:
        if name not in self._doubted:
            _log.error("%s: the service does not know %s; %s", code, _words(name), advice)
        _put(self._doubted, name, code)


def _product(check: Check) -> Name:
    return check.product, None


def _name(check: Check) -> Name:
    return check.product, check.feature if isinstance(check, FeatureCheck) else None


def _words(name: Name) -> str:
    product, feature = name
    return f"product {product!r}" if feature is None else f"feature {feature!r} of product {product!r}"


def _code(error: Exception) -> str:
    # The text of a foreign error may contain anything.
    return error.code_name if isinstance(error, LicenseSpringError) else type(error).__name__


def _put(names: OrderedDict[Name, T], name: Name, value: T) -> None:
    names[name] = value
    names.move_to_end(name)
    if len(names) > _MOST_NAMES:
        names.popitem(last=False)
