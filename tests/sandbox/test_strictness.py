"""What the builder and the steering refuse: unknown words with what was meant, and devices beyond a license's limit."""

from __future__ import annotations

from typing import Any

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.sandbox import (
    Consumption,
    Customer,
    Fault,
    InstallationFile,
    Product,
    Slots,
    Throttle,
    World,
)

WRONG: Any = "latensy"  # for what type checkers would find


@pytest.fixture
def product() -> Product:
    return World().add_product("TP")


@pytest.mark.parametrize(
    ("adding", "keyword", "meant"),
    [
        ("add_product", "nam", "name"),
        ("add_bundle", "member", "members"),
        ("add_user", "pasword", "password"),
    ],
)
def test_a_world_names_the_keyword_that_was_meant(adding: str, keyword: str, meant: str) -> None:
    """Refuses an unknown keyword with the name of the method and the keyword that was meant."""
    with pytest.raises(ConfigurationError) as caught:
        getattr(World(), adding)("A", **{keyword: WRONG})
    assert str(caught.value) == f"{adding}: unknown keyword {keyword}; did you mean {meant}?"


@pytest.mark.parametrize(
    ("adding", "words", "keyword", "meant"),
    [
        ("add_license", (), "floating_user", "floating_users"),
        ("add_license", (), "customers", "customer"),
        ("add_license", (), "grace_perod", "grace_period"),
    ],
)
def test_a_product_names_the_keyword_that_was_meant(
    product: Product, adding: str, words: tuple[str, ...], keyword: str, meant: str
) -> None:
    """Refuses an unknown keyword of a license, and adds none."""
    with pytest.raises(ConfigurationError, match=f"unknown keyword {keyword}; did you mean {meant}\\?"):
        getattr(product, adding)(*words, **{keyword: WRONG})
    assert product.licenses == ()


def test_a_license_names_the_keyword_that_was_meant(product: Product) -> None:
    """Refuses an unknown keyword of a feature, and adds none."""
    license = product.add_license()
    wrong: dict[str, Any] = {"expiry": None}
    with pytest.raises(ConfigurationError, match="unknown keyword expiry; did you mean expiry_date"):
        license.add_feature("render", **wrong)
    assert license.features == {}


@pytest.mark.parametrize(
    ("described", "keyword", "meant"),
    [
        (Fault, "efect", "effect"),
        (Throttle, "plans", "plan"),
        (Consumption, "max", "maximum"),
        (Slots, "allow", "allowed"),
        (Customer, "mail", "email"),
        (InstallationFile, "environnement", "environment"),
    ],
)
def test_a_description_names_the_keyword_that_was_meant(described: Any, keyword: str, meant: str) -> None:
    """Refuses an unknown keyword of each thing that is handed to a sandbox."""
    with pytest.raises(ConfigurationError) as caught:
        described(**{keyword: WRONG})
    assert str(caught.value) == f"{described.__name__}: unknown keyword {keyword}; did you mean {meant}?"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fault(effect=WRONG), "effect: 'latensy' is not known; did you mean latency?"),
        (lambda: Fault(effect="latency", distribution=WRONG), "distribution: 'latensy' is not known; choose from: "),
        (lambda: Throttle(plan=WRONG), "plan: 'latensy' is not known; choose from: business-plus, "),
        (lambda: Throttle(retry_after=WRONG), "retry_after: 'latensy' is not known; choose from: "),
        (lambda: Consumption(period=WRONG), "period: 'latensy' is not known; choose from: annually, "),
        (lambda: World().add_product("A", authorization_method=WRONG), "authorization_method: 'latensy' is not known"),
        (lambda: World().add_product("A").add_license(kind=WRONG), "kind: 'latensy' is not known; choose from: "),
        (lambda: World().add_product("A").add_license(floating_users=WRONG), "'floating_users' must be a whole number"),
        (lambda: World().add_product("A").add_license(max_activations=-1), "'max_activations' must be >= 0: -1"),
        (lambda: Fault(effect="error", status=WRONG), "'status' must be a whole number from 400 to 599"),
        (lambda: Fault(effect="error", retry_after="\n"), "Fault: 'retry_after' must match regex"),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence(make: Any, message: str) -> None:
    """Refuses a value with its name and what was meant or what there is, not with all that a validator knows."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 300


def test_type_checkers_know_the_keywords(product: Product) -> None:
    """Type checkers see each keyword of a license and its type, although each is written once."""
    with pytest.raises(ConfigurationError):
        product.add_license(floating_user=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigurationError):
        product.add_license(floating_users="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_assigned_values_are_checked_too(product: Product) -> None:
    """Refuses on assignment what the constructor refuses."""
    license = product.add_license()
    with pytest.raises(ConfigurationError, match="kind: 'latensy' is not known"):
        license.kind = WRONG


def test_an_activation_beyond_the_limit_is_refused(product: Product) -> None:
    """Activates as many devices as max_activations allows, an active one again, and no other."""
    license = product.add_license(max_activations=2)
    for device in ("hw-1", "hw-2", "hw-2"):
        license.activate(device)
    with pytest.raises(ConfigurationError, match="max_activations"):
        license.activate("hw-3")
    assert (list(license.devices), license.times_activated) == (["hw-1", "hw-2"], 2)
    license.deactivate("hw-1")
    license.activate("hw-3")
    product.add_license(allow_unlimited_activations=True, max_activations=0).activate("hw-1")


def test_a_bundle_is_activated_whole_or_not_at_all() -> None:
    """Refuses a device that one of the bundle's sub-licenses has no room for, and activates it on none of them."""
    world = World()
    suite = world.add_bundle("S", members=[world.add_product("A"), world.add_product("B")]).add_license()
    suite.sublicenses["B"].max_activations = 0
    with pytest.raises(ConfigurationError, match="a license of B"):
        suite.activate("hw-1")
    assert [each.times_activated for each in (suite, *suite.sublicenses.values())] == [0, 0, 0]
