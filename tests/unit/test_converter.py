"""JSON values to models: exact, or refused with the place."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensespring_async import (
    AuthorizationMethod,
    Bundle,
    ConsumptionPeriod,
    Customer,
    CustomField,
    FeatureType,
    License,
    LicenseFeature,
    LicenseType,
    ProductDetails,
    ResponseError,
)
from licensespring_async.models.converter import structure
from licensespring_async.models.model import to_json

from . import bodies
from .strategies import JSON


def problems(body: object, model: type[object]) -> tuple[str, ...]:
    with pytest.raises(ResponseError) as caught:
        structure(body, model)
    return caught.value.problems


@pytest.mark.parametrize("id", [0, 1, 2**31, 2**32 + 1, 1801223344556677, 2**53 + 1, 2**63 - 1, 2**63, -1])
def test_ids_stay_exact(id: int) -> None:
    """Keeps an id to the last digit."""
    assert structure(bodies.feature(id=id), LicenseFeature).id == id


@pytest.mark.parametrize(
    ("id", "got"),
    [
        pytest.param(5.9, "a number with a fraction", id="fraction"),
        pytest.param(5.0, "a number with a fraction", id="whole float"),
        pytest.param(1.8e15, "a number with a fraction", id="exponent"),
        pytest.param("5", "a string", id="text"),
        pytest.param(True, "a boolean", id="boolean"),
        pytest.param(None, "null", id="null"),
        pytest.param([5], "an array", id="array"),
        pytest.param({"id": 5}, "an object", id="object"),
    ],
)
def test_an_id_is_an_integer(id: object, got: str) -> None:
    """Refuses an id that is no integer, and says what it is instead."""
    assert problems(bodies.feature(id=id), LicenseFeature) == (f"expected an integer, got {got} @ $.id",)


@pytest.mark.parametrize(("value", "got"), [("false", "a string"), ("", "a string"), (0, "an integer"), (None, "null")])
def test_a_boolean_is_a_boolean(value: object, got: str) -> None:
    """Refuses the text "false" for a boolean, which a careless conversion takes for true."""
    assert problems(bodies.feature(is_floating=value), LicenseFeature) == (
        f"expected a boolean, got {got} @ $.is_floating",
    )


@pytest.mark.parametrize(("value", "got"), [(None, "null"), (5, "an integer"), (["render"], "an array")])
def test_a_string_is_a_string(value: object, got: str) -> None:
    """Refuses null for a required string, which a careless conversion takes for "None"."""
    assert problems(bodies.feature(code=value), LicenseFeature) == (f"expected a string, got {got} @ $.code",)


def test_an_array_is_not_a_string() -> None:
    """Refuses a string where an array belongs, instead of taking its characters for items."""
    assert problems(bodies.license(custom_fields="ab"), License) == (
        "expected an array, got a string @ $.custom_fields",
    )


def test_an_unknown_customer_is_empty() -> None:
    """Reads a customer of whom nothing is known."""
    assert structure({}, Customer) == Customer()


@pytest.mark.parametrize("value", ["text", 5, 5.5, True, False, None, "2027-01-01"])
def test_a_custom_field_holds_any_scalar(value: object) -> None:
    """Keeps a custom field's value as it came."""
    field = structure({"name": "seat", "data_type": "text", "value": value}, CustomField)

    assert field.value == value
    assert type(field.value) is type(value)


def test_every_problem_is_named() -> None:
    """Names every problem of an answer, not just the first."""
    body = bodies.license(id="1", product_features=[bodies.product_feature(), bodies.product_feature(name=5)])
    del body["license_enabled"]

    assert set(problems([body], Bundle)) == {
        "expected an integer, got a string @ $[0].id",
        "expected a string or null, got an integer @ $[0].product_features[1].name",
        "required field missing @ $[0].license_enabled",
    }


def test_the_text_of_an_error_stays_short() -> None:
    """Shows the first five problems in the text, and keeps all of them in `problems`."""
    with pytest.raises(ResponseError) as caught:
        structure({}, LicenseFeature)

    assert str(caught.value).count("required field missing") == 5
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize("body", [None, True, 5, 5.5, "text", [], [{}]])
def test_an_answer_that_is_no_object_is_refused(body: object) -> None:
    """Refuses an answer that is no object at all."""
    (problem,) = problems(body, LicenseFeature)

    assert problem.startswith("expected an object, got ")
    assert problem.endswith(" @ $")


@given(body=JSON | st.lists(st.dictionaries(st.sampled_from(sorted(bodies.license())), JSON, max_size=6), max_size=2))
@pytest.mark.parametrize("model", [LicenseFeature, Bundle])
def test_nothing_but_a_response_error(model: type[object], body: object) -> None:
    """Structures any JSON value, or raises ResponseError."""
    try:
        structure(body, model)
    except ResponseError as error:
        assert error.problems  # noqa: PT017


@pytest.mark.parametrize("secret", ["SECRET-VALUE", 987654321987])
@pytest.mark.parametrize("field", ["id", "license_active", "validity_period", "customer", "custom_fields", "metadata"])
def test_an_error_never_shows_a_value(field: str, secret: object) -> None:
    """Names places and types, never values: not in its text, nor in the errors that it is chained to."""
    if (field, secret) == ("id", 987654321987):
        secret = [secret]

    with pytest.raises(ResponseError) as caught:
        structure([bodies.license(**{field: secret}) | {"name": None}], Bundle)

    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET-VALUE" not in shown
    assert "987654321987" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("documented", list(FeatureType))
def test_a_documented_feature_type_is_its_member(documented: FeatureType) -> None:
    """Reads a documented feature type as a member of its enum."""
    assert structure(bodies.feature(feature_type=str(documented)), LicenseFeature).feature_type is documented


@pytest.mark.parametrize("documented", list(LicenseType))
def test_a_documented_license_type_is_its_member(documented: LicenseType) -> None:
    """Reads a documented license type as a member of its enum."""
    assert structure(bodies.license(license_type=str(documented)), License).license_type is documented


@pytest.mark.parametrize("documented", list(ConsumptionPeriod))
def test_a_documented_consumption_period_is_its_member(documented: ConsumptionPeriod) -> None:
    """Reads a documented consumption period as a member of its enum."""
    body = bodies.consumption_feature(consumption_period=str(documented))

    assert structure(body, LicenseFeature).consumption_period is documented


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("license-key", AuthorizationMethod.LICENSE_KEY),
        ("license_key", AuthorizationMethod.LICENSE_KEY),
        ("user", AuthorizationMethod.USER),
    ],
)
def test_both_spellings_of_an_authorization_method(text: str, method: AuthorizationMethod) -> None:
    """Reads the spelling of the documentation's prose as the one on the wire."""
    assert structure(bodies.product(authorization_method=text), ProductDetails).authorization_method is method


@pytest.mark.parametrize("unknown", ["hardware-key", "LICENSE-KEY", ""])
def test_an_unknown_value_of_an_open_enum_is_kept(unknown: str) -> None:
    """Keeps a value that the service added later, as a plain string."""
    method = structure(bodies.product(authorization_method=unknown), ProductDetails).authorization_method

    assert method == unknown
    assert type(method) is str


@pytest.mark.parametrize("wrong", [5, None, True, [], {}])
def test_an_open_enum_is_a_string(wrong: object) -> None:
    """Refuses what is no string where a documented value belongs."""
    (problem,) = problems(bodies.license(license_type=wrong), License)

    assert problem.startswith("expected a string, got ")
    assert problem.endswith(" @ $.license_type")


def test_null_for_a_consumption_period() -> None:
    """Reads the documented null of a consumption period."""
    assert structure(bodies.consumption_feature(consumption_period=None), LicenseFeature).consumption_period is None


def test_metadata_stays_as_it_came() -> None:
    """Keeps metadata untouched, at any depth."""
    metadata = {"a": {"b": [1, 2.5, None, {"c": "2027-01-01"}]}, "": False, "extra": {}}

    assert structure(bodies.feature(metadata=metadata), LicenseFeature).metadata == metadata


def test_no_unknown_fields_are_an_empty_extra() -> None:
    """Has an empty `extra` when everything in an answer is documented."""
    assert structure(bodies.feature(), LicenseFeature).extra == {}


def test_a_field_called_extra_is_unknown_too() -> None:
    """Keeps a field whose name is that of the attribute for unknown fields."""
    feature = structure(bodies.feature(extra={"id": 5}), LicenseFeature)

    assert feature.extra == {"extra": {"id": 5}}
    assert to_json(feature) == bodies.feature(extra={"id": 5})


def test_absent_fields_stay_absent() -> None:
    """Does not write optional fields that were not there."""
    assert to_json(structure(bodies.feature(), LicenseFeature)) == bodies.feature()


def test_the_body_is_not_touched() -> None:
    """Leaves the value that it reads as it was."""
    body = bodies.bundle("APP")

    structure(body, Bundle)

    assert body == bodies.bundle("APP")
