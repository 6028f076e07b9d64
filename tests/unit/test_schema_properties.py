"""The models against the documented schemas: nothing valid is lost, nothing misshapen is let in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensespring_async import ResponseError
from licensespring_async.models.converter import structure
from licensespring_async.models.model import Model, to_json

from .answers import NULLABLE, OBJECTS, ONCE, OPTIONAL, PLACES, REQUIRED, SCHEMAS, each_answer, some
from .schemas import Schema
from .strategies import (
    JSON,
    TEXT,
    Place,
    bodies,
    complete,
    items,
    places,
    properties,
    reached,
    removed,
    replaced,
    required,
)


def named(value: object) -> str | None:
    """A test's id for a model or a place."""
    return value.path if isinstance(value, Place) else getattr(value, "__name__", None)


def refusal(body: object, model: type[Model]) -> list[str]:
    """What a body is refused for; nothing if it is not."""
    try:
        structure(body, model)
    except ResponseError as error:
        return list(error.problems)
    return []


def paths(problems: list[str]) -> list[str]:
    """Where the problems are."""
    return [problem.rpartition(" @ ")[2] for problem in problems]


def as_moment(text: object) -> datetime | None:
    """A date-time of an answer, read without the package's help."""
    if text is None:
        return None
    if isinstance(text, int):
        return datetime.fromtimestamp(text / 1000, UTC)
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def losses(body: object, back: object, schema: Schema, path: str = "$") -> list[str]:
    """The places where a value that came back differs from the one that was given."""
    if isinstance(body, list):
        pairs = zip(cast("list[object]", body), cast("list[object]", back), strict=True)
        return [loss for i, (a, b) in enumerate(pairs) for loss in losses(a, b, items(schema), f"{path}[{i}]")]
    inside = properties(schema)
    if inside and isinstance(body, dict):
        given, returned = cast("dict[str, object]", body), cast("dict[str, object]", back)
        found = [f"{path}.{name}" for name in required(schema) if name not in returned]
        # What was absent may come back as nothing known.
        found += [f"{path}.{name}" for name in returned.keys() - given.keys() if returned[name] != []]
        for name, value in given.items():
            found += losses(value, returned.get(name), inside.get(name, {"type": "object"}), f"{path}.{name}")
        return found
    if schema.get("format") == "date-time":
        return [] if as_moment(body) == as_moment(back) else [path]
    # An open enum's member is a string; True is no 1.
    return [] if body == back and isinstance(back, type(body)) else [path]


@each_answer
@some
@given(data=st.data())
def test_a_valid_body_loses_nothing(model: type[Model], data: st.DataObject) -> None:
    """Gives back every field of any body of the documented shape."""
    body = data.draw(bodies(SCHEMAS[model]))

    back = to_json(structure(body, model))

    assert losses(body, back, SCHEMAS[model]) == []


@each_answer
def test_a_complete_body_loses_nothing(model: type[Model]) -> None:
    """Gives back every documented field when all of them are there."""
    body = complete(SCHEMAS[model])

    assert to_json(structure(body, model)) == body


@pytest.mark.parametrize("model", ONCE)
@some
@given(data=st.data())
def test_any_wrong_type_is_refused(model: type[Model], data: st.DataObject) -> None:
    """Refuses any valid body in which one field, at any depth, has another type, and names its path."""
    body = data.draw(bodies(SCHEMAS[model]).filter(bool))
    place = data.draw(st.sampled_from([each for each in places(body, SCHEMAS[model]) if each.keys]))
    wrong = data.draw(st.sampled_from(place.wrong_values))

    problems = refusal(replaced(body, place, wrong), model)

    assert paths(problems) == [place.path]


def test_every_wrong_type_is_refused() -> None:
    """Refuses every wrong type in every documented field, and names its path."""
    for model, place in PLACES:
        body = complete(SCHEMAS[model])
        for wrong in place.wrong_values:
            assert paths(refusal(replaced(body, place, wrong), model)) == [place.path]


def test_every_missing_field_is_refused() -> None:
    """Refuses a body that lacks a required field, and names its path."""
    for model, place in REQUIRED:
        body = removed(complete(SCHEMAS[model]), place)
        assert refusal(body, model) == [f"required field missing @ {place.path}"]


def test_every_null_is_kept_that_may_be_null() -> None:
    """Gives a documented null back as null."""
    for model, place in NULLABLE:
        body = replaced(complete(SCHEMAS[model]), place, None)
        assert to_json(structure(body, model)) == body, place.path


def test_every_optional_field_may_be_missing() -> None:
    """Reads an answer that lacks a field which decides nothing; null counts as missing."""
    for model, place in OPTIONAL:
        body = complete(SCHEMAS[model])
        lacking = structure(removed(body, place), model)
        assert reached(lacking, place) in (None, ()), place.path
        assert structure(replaced(body, place, None), model) == lacking, place.path


@pytest.mark.parametrize(("model", "place"), OBJECTS, ids=named)
@settings(some, max_examples=5)
@given(unknown=st.dictionaries(TEXT | st.just("extra"), JSON, min_size=1, max_size=3))
def test_unknown_fields_are_kept(model: type[Model], place: Place, unknown: dict[str, object]) -> None:
    """Keeps the fields that are not documented, of every object at any depth, in its `extra`."""
    body = complete(SCHEMAS[model])
    unknown = {name: value for name, value in unknown.items() if name not in properties(place.schema)}
    wider = replaced(body, place, {**cast("dict[str, object]", reached(body, place)), **unknown})

    answer = structure(wider, model)

    assert getattr(reached(answer, place), "extra") == unknown  # noqa: B009
    assert to_json(answer) == wider
