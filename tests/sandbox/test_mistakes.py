"""Mistakes of those who build worlds and faults in Python: refused at once, with what was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.sandbox import (
    Consumption,
    Customer,
    InstallationFile,
    Product,
    Sandbox,
    Throttle,
    World,
)

untyped: Callable[..., Any] = Sandbox  # what callers without a type checker do
Mistake = Callable[[Any, Any], object]


def sold() -> tuple[World, Product]:
    world = World()
    product = world.add_product("TP")
    product.add_license(key="K").activate("hw-1")
    return world, product


MISTAKES: dict[str, tuple[Mistake, str]] = {
    "a device without a name": (lambda _, tp: tp.licenses[0].activate(""), "hardware_id: is empty"),
    "a device that is a number": (lambda _, tp: tp.licenses[0].blacklist(7), "hardware_id: expected a text"),
    "a moment before all dates": (
        lambda _, tp: tp.add_license(start_date=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        "start_date: 0001-01-01 00:00:00+01:00 is beyond the first or last date in UTC",
    ),
    "a grace without an end": (lambda _, tp: tp.add_license(grace_period=10**9), "'grace_period' must be <= 864,000"),
    "a trial without an end": (lambda w, _: w.add_product("T", trial_days=10**9), "'trial_days' must be <= 36,000"),
    "a loan without an end": (lambda _, tp: tp.add_license(max_borrow_time=10**9), "'max_borrow_time' must be <="),
    "a slot without an end": (lambda _, tp: tp.add_license(floating_timeout=10**9), "'floating_timeout' must be <="),
    "a number too large for JSON": (
        lambda _, tp: tp.add_license(max_activations=2**53),
        "'max_activations' must be <=",
    ),
    "a truth for a number": (lambda _, tp: tp.add_license(max_activations=True), "must be a whole number"),
    "a word for a truth": (lambda _, tp: tp.add_license(enabled="no"), "enabled: expected True or False"),
    "a text for a moment": (lambda _, tp: tp.add_license(validity_period="2030-01-01"), "datetime with a time zone"),
    "a day for a moment": (lambda _, tp: tp.add_license(validity_period=date(2030, 1, 1)), "datetime with a time"),
    "a key that is a number": (lambda _, tp: tp.add_license(key=5), "key: expected a text, not the int '5'"),
    "an empty key": (lambda _, tp: tp.add_license(key=""), "key: is empty"),
    "a positional key": (lambda _, tp: tp.add_license("K2"), "positional"),
    "a mapping for a customer": (lambda _, tp: tp.add_license(customer={"email": "a@b.example"}), "a Customer"),
    "a mapping for a field": (lambda _, tp: tp.add_license(custom_fields=[{"name": "x"}]), "each item a CustomField"),
    "a number for a count": (lambda _, tp: tp.licenses[0].add_feature("f", consumption=5), "a Consumption"),
    "no code": (lambda _, tp: tp.licenses[0].add_feature(), "'code'"),
    "a code that is a number": (lambda _, tp: tp.licenses[0].add_feature(3), "code: expected a text"),
    "a feature twice": (lambda _, tp: [tp.licenses[0].add_feature("f") for _ in "ab"], "codes are unique"),
    "a product that is a number": (lambda world, _: world.add_product(5), "short_code: expected a text"),
    "a member by its name": (lambda world, _: world.add_bundle("S", members=["TP"]), "products from add_product"),
    "an unknown setting of a world": (lambda _, __: untyped_of(World)(compny_id=1), "did you mean company_id"),
    "an unknown setting": (lambda world, _: untyped(world, prot=1), "did you mean port"),
    "a port in letters": (lambda world, _: untyped(world, port="x"), "port: expected a whole number"),
    "a plan for limits": (lambda world, _: untyped(world, rate_limits="free"), "rate_limits: expected a Throttle"),
    "a number for a world": (lambda _, __: untyped(5), "expected a World or the path"),
    "a path for a tenant's world": (lambda world, _: untyped(world).add_tenant("x.toml"), "expected a World"),
    "no life for tokens": (lambda world, _: untyped(world, token_lifetime=0), "token_lifetime"),
    "a word for a fault": (lambda world, _: untyped(world).faults.add("latency"), "takes a Fault"),
    "a text for a factor": (lambda _, __: untyped_of(Throttle)(scale="1"), "must be > 0"),
    "an overage below zero": (lambda _, __: untyped_of(Consumption)(max_overages=-1), "must be >= 0"),
    "a text for a total": (lambda _, __: untyped_of(Consumption)(total="1"), "total: expected a whole number"),
    "a number for a mail": (lambda _, __: untyped_of(Customer)(email=1), "email: expected a text"),
    "a text for a release": (
        lambda _, __: untyped_of(InstallationFile)(version="1", release_date="2030"),
        "release_date: expected a datetime",
    ),
}


def untyped_of(kind: Callable[..., object]) -> Callable[..., Any]:
    return kind


@pytest.mark.parametrize(("mistake", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_in_a_sentence(mistake: Mistake, told: str) -> None:
    """Names what was wrong, in a sentence of one line, and does nothing."""
    with pytest.raises(ConfigurationError) as refusal:
        mistake(*sold())
    assert told in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_what_is_right_is_taken() -> None:
    """Numbers may be whole where fractions may be; lists may be tuples; what is optional may be None."""
    world, product = sold()
    license = untyped_of(product.add_license)(
        key=None, metadata=None, custom_fields=(), consumption=None, validity_period=datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert license.key
    assert Throttle(scale=2).scale == 2
    assert Sandbox(world, control_token=None).world is world
