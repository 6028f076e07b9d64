"""The client's methods are the endpoint functions, as far as anybody can see."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest

from licensespring_async import BlockingLicenseSpring, LicenseSpring, RawResponse, endpoints
from licensespring_async.methods import Endpoint, Endpoints, RawLicenseSpring
from licensespring_async.services.blocking.client import RawBlockingLicenseSpring

from .cases import arguments
from .fakes import a_client

each_name = pytest.mark.parametrize("name", endpoints.__all__)


def functions(name: str) -> tuple[Any, Any, Any]:
    """The endpoint function, the client's method, and the one that gives raw answers."""
    raw = type(a_client().with_raw_response)
    return getattr(endpoints, name), getattr(LicenseSpring, name), getattr(raw, name)


def answer_of(name: str) -> Any:
    """What the call of an endpoint function answers, by its annotation."""
    (answer,) = typing.get_args(inspect.signature(getattr(endpoints, name), eval_str=True).return_annotation)
    return answer


@pytest.mark.parametrize("client", [LicenseSpring, RawLicenseSpring, BlockingLicenseSpring, RawBlockingLicenseSpring])
def test_every_endpoint_is_a_method(client: type[object]) -> None:
    """Has a method for every endpoint function, on each client, and lists none that is not there."""
    listed = [name for name, each in vars(Endpoints).items() if isinstance(each, Endpoint)]

    assert sorted(listed) == endpoints.__all__
    assert [name for name in listed if not inspect.isfunction(vars(client)[name])] == []


@each_name
def test_a_method_has_the_name_and_the_text_of_its_endpoint(name: str) -> None:
    """Shows in `help()` what the endpoint function shows."""
    endpoint, method, raw = functions(name)

    assert method.__doc__ == raw.__doc__ == endpoint.__doc__
    assert method.__name__ == raw.__name__ == name


@each_name
def test_a_method_has_the_parameters_of_its_endpoint(name: str) -> None:
    """Takes what the endpoint function takes, plus itself."""
    endpoint, method, raw = functions(name)
    expected = list(inspect.signature(endpoint, eval_str=True).parameters.values())

    for each in (method, raw):
        this, *others = inspect.signature(each).parameters.values()
        assert this.name == "self"
        assert others == expected


@each_name
def test_a_bound_method_has_the_parameters_of_its_endpoint(name: str) -> None:
    """Takes exactly what the endpoint function takes, on an instance."""
    bound = getattr(a_client(), name)

    expected = inspect.signature(getattr(endpoints, name), eval_str=True)
    assert inspect.signature(bound).parameters == expected.parameters


@each_name
def test_a_method_says_what_it_returns(name: str) -> None:
    """Names the model in its signature, and `RawResponse` of it on the raw side."""
    _, method, raw = functions(name)

    assert inspect.signature(method).return_annotation == answer_of(name)
    assert inspect.signature(raw).return_annotation == RawResponse[answer_of(name)]  # type: ignore[misc]


@each_name
def test_the_annotations_of_a_method_say_the_same(name: str) -> None:
    """Names the model to those who read annotations too, such as frameworks."""
    assert typing.get_type_hints(getattr(LicenseSpring, name))["return"] == answer_of(name)


@each_name
def test_a_method_is_a_coroutine_function(name: str) -> None:
    """Is known to frameworks as something to await."""
    assert inspect.iscoroutinefunction(getattr(LicenseSpring, name))


@each_name
def test_every_parameter_is_described(name: str) -> None:
    """Describes every parameter in its text."""
    endpoint = getattr(endpoints, name)

    missing = [each for each in inspect.signature(endpoint).parameters if f"\n    {each}: " not in endpoint.__doc__]

    assert missing == []


@each_name
def test_every_parameter_is_named(name: str) -> None:
    """Takes keyword arguments only."""
    kinds = {each.kind for each in inspect.signature(getattr(endpoints, name)).parameters.values()}

    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@each_name
def test_a_text_names_the_errors_that_its_call_can_raise(name: str) -> None:
    """Speaks of arguments, credentials and signatures exactly where a call has them."""
    endpoint = getattr(endpoints, name)
    call = endpoint(**arguments(name))

    text = endpoint.__doc__
    assert ("InvalidParameter" in text) == ("\nArgs:" in text) == bool(inspect.signature(endpoint).parameters)
    assert ("AuthorizationError" in text) == call.request.authorized
    assert ("SignatureError" in text) == call.answer.is_signed
