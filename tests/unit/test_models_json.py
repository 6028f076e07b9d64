"""What every model can do: become JSON, hide its secrets, be hashed, and be looked at."""

from __future__ import annotations

import json
from typing import cast, get_type_hints

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from licensespring_async import Bundle, License, LicenseFeature, LicenseUser, ProductFeature, models
from licensespring_async.models.converter import structure
from licensespring_async.models.model import Model, to_json
from licensespring_async.redaction import fingerprint

from . import bodies
from .answers import PLACES, SCHEMAS, each_answer, some
from .schemas import SOME_TEXT, STRING, nullable
from .strategies import bodies as any_body
from .strategies import complete, replaced

MODELS = [
    each
    for each in (getattr(models, name) for name in models.__all__)
    if isinstance(each, type) and issubclass(each, Model)
]
# What no log, ticket or screenshot may show.
SECRETS = (
    *(".license_key", ".license_user", ".username", ".initial_password", ".hardware_id", "$.url", ".alternate_urls[0]"),
    *(".alternate_urls[1]", ".license_signature", ".license_signature_v2", ".offline_signature"),
    *(".tpm_signing_public_key", ".email", ".first_name", ".last_name", ".phone", ".phone_number", ".company_name"),
    *(".reference", ".address", ".postcode", ".city", ".state", ".country"),
    *(".customer_account.name", ".customer_account.code"),
)
TEXTS = [(model, place) for model, place in PLACES if place.schema in (STRING, nullable(STRING), SOME_TEXT)]


@each_answer
@some
@given(data=st.data())
def test_a_dict_becomes_the_model_again(model: type[Model], data: st.DataObject) -> None:
    """Gives JSON-ready data from which the same model is read."""
    value = structure(data.draw(any_body(SCHEMAS[model])), model)

    written = value.to_dict()

    assert structure(json.loads(json.dumps(written)), model) == value


@settings(some, max_examples=20)
@given(data=st.data())
def test_an_activation_reads_as_the_check_of_the_same_license(data: st.DataObject) -> None:
    """Reads whatever a license holds, whichever way the answer says that it is active."""
    checked = cast("dict[str, object]", data.draw(any_body(SCHEMAS[License])))
    activated = {name: each for name, each in checked.items() if name not in ("license_active", "license_enabled")}

    license = structure({**activated, "active": checked["license_active"]}, License)

    assert license == structure({**checked, "license_enabled": True}, License)


def test_a_dict_is_not_the_model() -> None:
    """Gives data of its own: changing it does not change the model."""
    body = bodies.feature(metadata={"seats": [1]}, unknown={"seats": [1]})
    feature = structure(body, LicenseFeature)

    for name in ("metadata", "unknown"):
        free = cast("dict[str, list[int]]", feature.to_dict()[name])
        free["seats"].append(2)

    assert feature.to_dict() == body


def test_a_bundle_is_an_array_in_json() -> None:
    """Writes a bundle's licenses as an array where any JSON will do, and as `licenses` where a dict is asked for."""
    bundle = structure(bodies.bundle("ONE", "TWO"), Bundle)

    assert to_json(bundle) == [each.to_dict() for each in bundle]
    assert bundle.to_dict() == {"licenses": to_json(bundle)}
    assert structure(bundle.to_dict(), Bundle) == bundle


def test_nothing_is_null_in_json() -> None:
    """Writes the answer of an endpoint that answers nothing as null, and several models as an array."""
    users = (LicenseUser(email="a@example.org"), LicenseUser())

    assert to_json(None) is None
    assert to_json(users) == [{"email": "a@example.org"}, {}]


def test_a_masked_dict_shows_no_secret() -> None:
    """Writes a fingerprint in place of every text that says who, and every other text as it is."""
    for model, place in TEXTS:
        body = replaced(complete(SCHEMAS[model]), place, "SOME-TEXT")

        shown = json.dumps(structure(body, model).to_dict(masked=True))

        is_secret = place.path.endswith(SECRETS)
        assert ("SOME-TEXT" in shown) is not is_secret, place.path
        assert (fingerprint("SOME-TEXT") in shown) is is_secret, place.path


def test_no_secret_is_in_a_repr() -> None:
    """Shows in a repr nothing that a masked dict would hide."""
    for model, place in TEXTS:
        value = structure(replaced(complete(SCHEMAS[model]), place, "SOME-TEXT"), model)

        assert ("SOME-TEXT" in repr(value)) is not place.path.endswith(SECRETS), place.path


def test_a_repr_shows_what_the_answer_said() -> None:
    """Names the fields that an answer had, null where that means something, and none that it lacked."""
    feature = structure({"code": "render", "expiry_date": None, "is_floating": False}, ProductFeature)

    assert repr(feature) == "ProductFeature(code='render', expiry_date=None, is_floating=False)"


def test_what_is_not_known_is_masked() -> None:
    """Masks every text in a field that is not documented, because it may be anything; the rest stays."""
    feature = structure(bodies.feature(owner={"name": "Robin", "age": 41, "tags": ["a", ""]}), LicenseFeature)

    masked = feature.to_dict(masked=True)

    assert masked["owner"] == {"name": fingerprint("Robin"), "age": 41, "tags": [fingerprint("a"), ""]}
    assert masked["metadata"] == {"tier": "gold"}
    assert to_json((feature,), masked=True) == [masked]


@each_answer
def test_equal_models_have_equal_hashes(model: type[Model]) -> None:
    """Lets every model be a key of a dict or an item of a set."""
    body = complete(SCHEMAS[model])

    assert len({structure(body, model), structure(body, model)}) == 1


@each_answer
def test_users_see_nothing_that_is_not_for_them(model: type[Model]) -> None:
    """Offers fields, what follows from them, and no machinery."""
    value = structure(complete(SCHEMAS[model]), model)

    machinery = {name for name in dir(value) if "floor" in name or "judge" in name or "moment" in name}

    assert [name for name in machinery if not name.startswith("_")] == []


def test_every_model_has_type_hints() -> None:
    """Lets frameworks read the types of every model's fields."""
    for model in MODELS:
        hints = get_type_hints(model)
        assert {each.name for each in attrs.fields(model)} <= hints.keys()
