"""Terms that licenses and features share: floating slots and consumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..spelling import at_least
from ..state.places import Place
from ..wire.jsontext import Json, JsonObject, json_object
from .consumption import Consumption
from .slots import Slots

MOST_DAYS: Final = 36_000
"""The longest duration, so that no moment is later than the last that Python can represent."""


def _metadata(metadata: Mapping[str, Json] | None) -> JsonObject:
    return json_object(metadata or {})


def _lends(terms: UsageTerms) -> bool:
    return terms.max_borrow_time > 0


def _keep(terms: UsageTerms, _: attrs.Attribute[Consumption | None], kept: Consumption | None) -> Consumption | None:
    if kept is not None:
        kept.keep_in(terms.place)
    return kept


@attrs.define(kw_only=True, eq=False)
class UsageTerms:
    """Terms of use.

    Args:
        floating_users: Number of floating slots (cloud floating); None if it does not float.
        floating_timeout: Minutes after which a slot lapses unless it is renewed.
        offline_floating: It floats on an on-premise server of the customer.
        max_borrow_time: Hours for which a slot may be borrowed.
        can_borrow: Allow borrowing; by default if `max_borrow_time` is greater than 0.
        consumption: Its consumption; None if it has none.
        metadata: JSON object to show with it.
    """

    floating_users: int | None = attrs.field(default=None, validator=attrs.validators.optional(at_least(0)))
    floating_timeout: int = attrs.field(default=60, validator=at_least(1, most=24 * 60 * MOST_DAYS))
    offline_floating: bool = False
    max_borrow_time: int = attrs.field(default=0, validator=at_least(0, most=24 * MOST_DAYS))
    can_borrow: bool = attrs.field(default=attrs.Factory(_lends, takes_self=True))
    consumption: Consumption | None = attrs.field(default=None, on_setattr=_keep)
    metadata: JsonObject = attrs.field(factory=JsonObject, converter=_metadata, repr=False)
    place: Place = attrs.field(factory=Place, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.consumption is not None:
            self.consumption.keep_in(self.place)

    @property
    def slots(self) -> Slots | None:
        """The floating slots; None if it does not float. Assigning sets `floating_users` and `floating_timeout`."""
        if self.floating_users is None:
            return None
        return Slots(allowed=self.floating_users, timeout=self.floating_timeout, place=self.place)

    @slots.setter
    def slots(self, slots: Slots | None) -> None:
        self.floating_users = None if slots is None else slots.allowed
        if slots is not None:
            self.floating_timeout = slots.timeout
