"""Fault rules: which requests they match, for how long, and what they do to the answers."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, TypeAlias, cast

import attrs

from ...errors import ConfigurationError
from ..spelling import one_of, strict

Effect: TypeAlias = Literal[
    "error",
    "latency",
    "dribble",
    "slice",
    "cut",
    "reset",
    "empty",
    "malformed-chunk",
    "gzip-bomb",
    "bad-json",
    "redirect",
    "stale-age",
    "wrong-key",
    "missing-signature",
    "stale-signature",
]

Distribution: TypeAlias = Literal["uniform", "exponential"]


_CODES: Final = {401: "signature_mismatch", 404: "not_found", 429: "too_many_requests"}


def _as_sent(value: str | float | None) -> str | None:
    # Other types stay as they are, for the validator to refuse.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else cast("str | None", value)


def _kind(kind: type, called: str) -> Callable[[object, attrs.Attribute[Any], object], None]:
    # attrs' own validator speaks of Python's types, also to a client in another language.
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise ConfigurationError(f"'{attribute.name}' must be {called}")

    return check


def _number(least: float, most: float) -> Callable[[object, attrs.Attribute[Any], object], None]:
    # attrs' own validators raise a TypeError for a text, and it does not name the field.
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ConfigurationError(f"'{attribute.name}' must be a number from {least:g} to {most:g}")

    return check


def _whole(least: int, most: int) -> Callable[[object, attrs.Attribute[Any], object], None]:
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigurationError(f"'{attribute.name}' must be a whole number from {least} to {most}")

    return check


_is_text = _kind(str, "a text")
_text = attrs.validators.optional(_is_text)


@strict
@attrs.frozen(kw_only=True)
class Fault:
    """A rule that breaks the answers to matching requests.

    Args:
        effect: What happens. With `error` the request does not act; with all others it acts first.
        path: Glob pattern of the path, such as `*/check_bundle`; None matches every path.
        hardware_id: Match this device only.
        nth: Match only the nth request that fits path and device, counted from 1.
        probability: Share of the fitting requests to match, drawn from `seed`.
        seed: Seed of the random draws.
        count: Remove the rule after this many matches.
        ttl: Remove the rule after this many seconds on the sandbox's clock.
        status: HTTP status of `error`.
        code: Code of `error`; by default one that suits the status.
        html: Answer `error` with a proxy's HTML page instead of JSON.
        retry_after: Retry-After header of `error`, sent as it is: seconds, a date, or nonsense.
        seconds: Delay of `latency`, its shortest if `up_to` is given; delay between two pieces of `dribble`.
        up_to: Longest delay of `latency` in seconds; None makes every delay `seconds`.
        distribution: Distribution of the delays of `latency`: `uniform`, or `exponential` (most short, few long).
        size: Bytes in each piece of `dribble` and `slice`.
        location: Target of `redirect`.
    """

    effect: Effect = attrs.field(validator=one_of(Effect))
    path: str | None = attrs.field(default=None, validator=_text)
    hardware_id: str | None = attrs.field(default=None, validator=_text, repr=False)
    nth: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(1, 10**9)))
    probability: float = attrs.field(default=1.0, validator=_number(0, 1))
    seed: int = attrs.field(default=0, validator=_kind(int, "a whole number"))
    count: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(1, 10**9)))
    ttl: float | None = attrs.field(default=None, validator=attrs.validators.optional(_number(0.001, 10**9)))
    status: int = attrs.field(default=503, validator=_whole(400, 599))
    code: str | None = attrs.field(default=None, validator=_text)
    html: bool = attrs.field(default=False, validator=_kind(bool, "true or false"))
    retry_after: str | None = attrs.field(
        default=None,
        converter=_as_sent,
        validator=attrs.validators.optional([_is_text, attrs.validators.matches_re(r"[ -~]+")]),
    )
    seconds: float = attrs.field(default=0.05, validator=_number(0, 3600))
    up_to: float | None = attrs.field(default=None, validator=attrs.validators.optional(_number(0, 3600)))
    distribution: Distribution = attrs.field(default="uniform", validator=one_of(Distribution))
    size: int = attrs.field(default=1, validator=_whole(1, 10**9))
    location: str = attrs.field(
        default="https://example.invalid/", validator=[_is_text, attrs.validators.matches_re(r"[!-~]+")]
    )

    def __attrs_post_init__(self) -> None:
        if self.up_to is not None and self.up_to < self.seconds:
            raise ConfigurationError("up_to is the longest delay: it must be at least `seconds`")

    @property
    def sent_code(self) -> str:
        """The code in the answer of `error`."""
        return self.code or _CODES.get(self.status, "internal_error")

    def delay(self, drawn: float) -> float:
        """Return the delay in seconds for a random number from [0, 1)."""
        if self.up_to is None:
            return self.seconds
        if self.distribution == "exponential":
            # Without the minimum, one delay in a thousand would exceed up_to.
            drawn = min(1.0, -math.log(1 - drawn) / math.log(1000))
        return self.seconds + drawn * (self.up_to - self.seconds)


@attrs.frozen
class Met:
    """A fault that matched a request, and the delay that was drawn for it, in seconds."""

    fault: Fault
    delay: float


@attrs.define(eq=False)
class _Rule:
    """A fault and its counts so far."""

    fault: Fault
    ends_at: float | None
    draws: random.Random
    fitting: int = 0
    met: int = 0

    def is_over(self, now: float) -> bool:
        spent = self.fault.count is not None and self.met >= self.fault.count
        return spent or (self.ends_at is not None and now >= self.ends_at)

    def meet(self, path: str, hardware_id: str | None) -> Met | None:
        fault = self.fault
        if fault.path is not None and not fnmatchcase(path, fault.path):
            return None
        if fault.hardware_id is not None and fault.hardware_id != hardware_id:
            return None
        self.fitting += 1
        if fault.nth is not None and fault.nth != self.fitting:
            return None
        if self.draws.random() >= fault.probability:
            return None
        self.met += 1
        return Met(fault, fault.delay(self.draws.random()))


class Faults:
    """The active faults. The first match wins. Any thread may add and clear them.

    Args:
        clock: The sandbox's clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Activate a fault, after those that are active already."""
        if not isinstance(fault, Fault):
            raise ConfigurationError(f"add(Fault(effect=...)) takes a Fault, not {fault!r:.100}")
        ends_at = None if fault.ttl is None else self._clock() + fault.ttl
        with self._lock:
            # Nothing secret depends on these random numbers.
            self._rules.append(_Rule(fault, ends_at, random.Random(fault.seed)))  # noqa: S311

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._rules.clear()

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that are still active."""
        now = self._clock()
        with self._lock:
            return tuple(rule.fault for rule in self._rules if not rule.is_over(now))

    def meet(self, path: str, hardware_id: str | None) -> Met | None:
        """Return the first fault that matches a request, and count the match."""
        now = self._clock()
        with self._lock:
            self._rules = [rule for rule in self._rules if not rule.is_over(now)]
            meetings = (rule.meet(path, hardware_id) for rule in self._rules)
            return next((met for met in meetings if met is not None), None)
