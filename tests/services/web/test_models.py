"""Models that a FastAPI route returns."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from licensespring_async import Bundle, License, LicenseFeature, Trial, UserLicense
from licensespring_async.models.converter import structure
from licensespring_async.models.model import to_json

from ...unit import bodies


@pytest.mark.parametrize(
    ("kind", "body"), [(License, bodies.license()), (LicenseFeature, bodies.feature()), (Bundle, bodies.bundle("APP"))]
)
def test_a_route_returns_a_model_with_its_schema(kind: Any, body: object) -> None:
    """Answers what `to_dict` gives, and has the model's fields in the OpenAPI document."""
    answer: Any = structure(body, kind)
    app = FastAPI()
    app.add_api_route("/", lambda: answer, response_model=kind)
    with TestClient(app) as http:
        assert http.get("/").json() == to_json(answer)
        content = http.get("/openapi.json").json()["paths"]["/"]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    schema = schema.get("items", schema)
    first: Any = answer[0] if kind is Bundle else answer
    assert first.to_dict().keys() - schema["properties"].keys() == set()
    assert hash(answer) == hash(structure(body, kind))


def test_schemas_are_of_every_model() -> None:
    """Names users, trials and what is in them."""
    app = FastAPI()
    app.add_api_route("/a", lambda: None, response_model=tuple[UserLicense, ...])
    app.add_api_route("/b", lambda: None, response_model=Trial)
    assert app.openapi()["paths"].keys() == {"/a", "/b"}
