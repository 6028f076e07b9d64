"""Trial licenses. Requests create them, so the store has them, and the world's objects follow the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from ..spelling import keywords_of
from ..state.places import Home
from ..wire.jsontext import encode
from .customers import Customer, User
from .features import FeatureTerms
from .licenses import License
from .products import Product, made_up_key

_READ: Final = "SELECT number, product, hardware_id, email, created_at, details FROM trial WHERE tenant = :tenant"
_ADD: Final = (
    "INSERT INTO trial (tenant, number, product, hardware_id, email, created_at, details)"
    " VALUES (:tenant, :number, :product, :hardware_id, :email, :created_at, :details)"
)


@attrs.frozen(kw_only=True)
class Trial:
    """A trial as requested; `email` is "" for a key-based product.

    `customer` and `user` are the request's values for the attributes of Customer and User.
    """

    product: str
    hardware_id: str
    email: str
    created_at: datetime
    customer: Mapping[str, Any] = attrs.field(repr=False)
    user: Mapping[str, Any] = attrs.field(repr=False)


@attrs.define(eq=False)
class Trials:
    """The trials of a world.

    Args:
        home: Where they are stored.
        products: The world's products.
        users: The world's users.
        add_user: Adds a user to the world.
    """

    home: Home
    products: Mapping[str, Product]
    users: dict[str, User]
    add_user: Callable[..., User]
    _sold: dict[int, tuple[Trial, License]] = attrs.field(factory=dict[int, "tuple[Trial, License]"], init=False)
    _added: dict[int, User] = attrs.field(factory=dict[int, User], init=False)

    def find(self, product: str, hardware_id: str, email: str) -> License | None:
        """Return a device's trial license of a product; for a user-based product, also the user must be the same."""
        wanted = (product, hardware_id, email)
        for trial, license in tuple(self._sold.values()):
            if (trial.product, trial.hardware_id, trial.email) == wanted:
                return license
        return None

    def add(self, trial: Trial) -> License:
        """Store a trial, and return its license."""
        number = max(self._sold, default=0) + 1
        self.home.store.change(
            _ADD,
            {
                "tenant": self.home.tenant,
                "number": number,
                "product": trial.product,
                "hardware_id": trial.hardware_id,
                "email": trial.email,
                "created_at": trial.created_at.timestamp(),
                "details": encode({"customer": trial.customer, "user": trial.user}).decode(),
            },
        )
        return self._sell(number, trial)

    def follow(self) -> None:
        """Add the licenses of stored trials (after a restart), and remove all others (after a reset)."""
        rows = self.home.store.rows(f"{_READ} ORDER BY number", {"tenant": self.home.tenant})
        kept = {number: _trial(*row) for number, *row in rows}
        for number in [number for number, (trial, _) in self._sold.items() if kept.get(number) != trial]:
            _, license = self._sold.pop(number)
            self.products[license.product.short_code].withdraw(license)
            if number in self._added:
                del self.users[self._added.pop(number).username]
        for number, trial in kept.items():
            if number not in self._sold and trial.product in self.products:
                self._sell(number, trial)

    def _sell(self, number: int, trial: Trial) -> License:
        product = self.products[trial.product]
        until = trial.created_at + timedelta(days=product.trial_days) if product.trial_days else None
        by_user = product.authorization_method == "user"
        license = product.add_license(
            key=None if by_user else made_up_key(f"trial {number} of {trial.product} on {trial.hardware_id}"),
            user=self._user(number, trial) if by_user else None,
            is_trial=True,
            trial_days=product.trial_days,
            validity_period=until,
            customer=Customer(**trial.customer),
        )
        for feature in product.trial_features:
            terms: dict[str, Any] = {**keywords_of(feature, FeatureTerms), "consumption": copy(feature.consumption)}
            license.add_feature(**terms)
        self._sold[number] = trial, license
        return license

    def _user(self, number: int, trial: Trial) -> User:
        if trial.email not in self.users:
            self._added[number] = self.add_user(trial.email, **trial.user)
        return self.users[trial.email]


def _trial(product: str, hardware_id: str, email: str, created_at: float, details: str) -> Trial:
    moment = datetime.fromtimestamp(created_at, UTC)
    return Trial(product=product, hardware_id=hardware_id, email=email, created_at=moment, **json.loads(details))
