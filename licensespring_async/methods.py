"""Endpoint functions as methods of a client: same name, text and parameters, for readers and type checkers alike."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, get_args

import attrs

from . import endpoints
from .transport import RawResponse
from .transport.values import Call

if TYPE_CHECKING:
    from .client import LicenseSpring

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

_Awaited = Coroutine[Any, Any, T]


def like(endpoint: Callable[..., object], raw: Any = None) -> Callable[[F], F]:
    """Give a method the name, text and parameters of the endpoint function that it calls."""

    def decorate(method: F) -> F:
        functools.update_wrapper(method, endpoint)
        signature = inspect.signature(endpoint, eval_str=True)
        (answer,) = get_args(signature.return_annotation)
        returned = answer if raw is None else raw[answer]
        this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        method.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[this, *signature.parameters.values()], return_annotation=returned
        )
        method.__annotations__ = {**inspect.get_annotations(endpoint, eval_str=True), "return": returned}
        del method.__wrapped__  # type: ignore[attr-defined]  # get_type_hints would follow it
        return method

    return decorate


def method(endpoint: Callable[P, Call[T]]) -> Callable[Concatenate[LicenseSpring, P], _Awaited[T]]:
    """Return the method that performs the call of an endpoint function and gives its value."""

    @like(endpoint)
    async def call(self: LicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return (await self.perform(endpoint(*args, **kwargs))).value

    return call


def raw_method(endpoint: Callable[P, Call[T]]) -> Callable[Concatenate[RawLicenseSpring, P], _Awaited[RawResponse[T]]]:
    """Return the method that gives the value together with how it came about."""

    @like(endpoint, RawResponse)
    async def call(self: RawLicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        return await self.client.perform(endpoint(*args, **kwargs))

    return call


@attrs.frozen
class RawLicenseSpring:
    """The endpoints of a client, answering with a `RawResponse`."""

    client: LicenseSpring

    check_license_feature = raw_method(endpoints.check_license_feature)
    check_bundle = raw_method(endpoints.check_bundle)
    release_floating_feature = raw_method(endpoints.release_floating_feature)
