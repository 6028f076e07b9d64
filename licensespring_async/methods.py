"""The endpoints as methods. A client's base decides whether they are awaited or block, and whether they return raw.

A type checker reads `Endpoint.__get__`, overloaded on the four bases. At run time, every client class gets functions
with the name, docstring and signature of the endpoint functions, so that `help` and `inspect` show them.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, overload

import attrs

from . import endpoints
from .by_fields import ByFields
from .transport import RawResponse
from .transport.values import Call, Method

P = ParamSpec("P")
T = TypeVar("T")

_Function = Callable[..., Call[Any]]
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)


@functools.cache
def _signature(function: _Function) -> inspect.Signature:
    """Return a function's signature; cached, since four classes have its methods."""
    return inspect.signature(function)


def _like(function: _Function, method: Callable[..., Any], raw: Any = None) -> Callable[..., Any]:
    """Give a method the name, docstring, parameters and return type of the endpoint function that it calls."""
    functools.update_wrapper(method, function)
    signature = _signature(function)
    (answer,) = get_args(signature.return_annotation)
    returned = answer if raw is None else raw[answer]
    method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_SELF, *signature.parameters.values()],
        return_annotation=returned,
        __validate_parameters__=False,  # the function is valid, and there are four methods for each
    )
    method.__annotations__ = function.__annotations__ | {"return": returned}
    del method.__wrapped__  # type: ignore[attr-defined]  # get_type_hints would follow it
    return method


def _other(
    method: Method,
    path: str,
    parameters: Mapping[str, object] | None,
    *,
    model: type[T],
    repeat: bool | None,
    signed: bool,
) -> Call[T]:
    from .endpoints.other import other  # noqa: PLC0415  # few ask for it

    return other(method, path, parameters or {}, model=model, repeat=repeat, signed=signed)


class Awaiting(ABC):
    """A client whose methods are awaited and return the value."""

    @abstractmethod
    async def perform(self, call: Call[T]) -> RawResponse[T]:
        """Send the call of an endpoint function and return its answer."""

    @abstractmethod
    def _value(self, call: Call[T]) -> Awaitable[T]:
        """Return the value of an answer, as `perform` does without making a `RawResponse`."""

    async def request(
        self,
        method: Method,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        model: type[T],
        repeat: bool | None = None,
        signed: bool = True,
    ) -> T:
        """Call an endpoint that this version has no method for: signed, paced and verified like every call.

        Every text in the parameters is a secret. The path is not: errors and logs show it. The answer is not bound to
        the request: check yourself what it is about.

        Args:
            method: GET sends the parameters in the query, POST as JSON. A GET is retried after any failure that may
                pass, a POST not after one that may have acted.
            path: The path below the origin, such as `/api/v4/check_license`.
            parameters: By name; None leaves one out of a query.
            model: The type of the answer: a class of `licensespring_async.models`, `tuple[License, ...]` for an array,
                or `object` for JSON as it came.
            repeat: Whether to retry after a failure that may have acted; None for the default of `method`.
            signed: Whether the service signs the answer. Anyone on the network could forge an unsigned one.

        Raises:
            InvalidParameter: An argument cannot be sent; nothing was sent.
            LicenseSpringError: As for every call.

        Cost: one HTTP request per attempt.
        """
        call = _other(method, path, parameters, model=model, repeat=repeat, signed=signed)
        return await self._value(call)

    @staticmethod
    def _method(function: _Function) -> Callable[..., Any]:
        async def call(self: Awaiting, /, *args: Any, **kwargs: Any) -> Any:
            return await self._value(function(*args, **kwargs))

        return _like(function, call)


@attrs.frozen(eq=False, repr=False)
class AwaitingRaw(ByFields):
    """The endpoints of a client, awaited and returning a `RawResponse`."""

    client: Awaiting

    async def request(
        self,
        method: Method,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        model: type[T],
        repeat: bool | None = None,
        signed: bool = True,
    ) -> RawResponse[T]:
        """As `LicenseSpring.request`, but return a `RawResponse`."""
        call = _other(method, path, parameters, model=model, repeat=repeat, signed=signed)
        return await self.client.perform(call)

    @staticmethod
    def _method(function: _Function) -> Callable[..., Any]:
        async def call(self: AwaitingRaw, /, *args: Any, **kwargs: Any) -> RawResponse[Any]:
            return await self.client.perform(function(*args, **kwargs))

        return _like(function, call, RawResponse)


class Blocking(ABC):
    """A client whose methods block and return the value."""

    @abstractmethod
    def perform(self, call: Call[T]) -> RawResponse[T]:
        """Send the call of an endpoint function and return its answer."""

    def request(
        self,
        method: Method,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        model: type[T],
        repeat: bool | None = None,
        signed: bool = True,
    ) -> T:
        """As `LicenseSpring.request`."""
        call = _other(method, path, parameters, model=model, repeat=repeat, signed=signed)
        return self.perform(call).value

    @staticmethod
    def _method(function: _Function) -> Callable[..., Any]:
        def call(self: Blocking, /, *args: Any, **kwargs: Any) -> Any:
            return self.perform(function(*args, **kwargs)).value

        return _like(function, call)


@attrs.frozen(eq=False, repr=False)
class BlockingRaw(ByFields):
    """The endpoints of a client, blocking and returning a `RawResponse`."""

    client: Blocking

    def request(
        self,
        method: Method,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        model: type[T],
        repeat: bool | None = None,
        signed: bool = True,
    ) -> RawResponse[T]:
        """As `LicenseSpring.request`, but return a `RawResponse`."""
        call = _other(method, path, parameters, model=model, repeat=repeat, signed=signed)
        return self.client.perform(call)

    @staticmethod
    def _method(function: _Function) -> Callable[..., Any]:
        def call(self: BlockingRaw, /, *args: Any, **kwargs: Any) -> RawResponse[Any]:
            return self.client.perform(function(*args, **kwargs))

        return _like(function, call, RawResponse)


class Endpoint(Generic[P, T]):
    """An endpoint function in a list of endpoints."""

    def __init__(self, function: Callable[P, Call[T]]) -> None:
        self.function = function

    if TYPE_CHECKING:

        @overload
        def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], object]: ...
        @overload
        def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
        @overload
        def __get__(self, client: AwaitingRaw, owner: type) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]: ...
        @overload
        def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...
        @overload
        def __get__(self, client: BlockingRaw, owner: type) -> Callable[P, RawResponse[T]]: ...
        def __get__(self, client: object, owner: type) -> object: ...


class ListsEndpoints:
    """Base of a list of endpoints. A class that inherits the list and one of the four bases gets its methods."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        method = getattr(cls, "_method", None)
        if method is None:
            return
        for name in dir(cls):
            endpoint = getattr(cls, name, None)  # dir has `__abstractmethods__`, which the class gets later
            if isinstance(endpoint, Endpoint):
                setattr(cls, name, method(endpoint.function))


class Endpoints(ListsEndpoints):
    """Every endpoint of the License API."""

    activate_bundle = Endpoint(endpoints.activate_bundle)
    activate_bundle_offline = Endpoint(endpoints.activate_bundle_offline)
    activate_license = Endpoint(endpoints.activate_license)
    activate_offline = Endpoint(endpoints.activate_offline)
    add_consumption = Endpoint(endpoints.add_consumption)
    add_feature_consumption = Endpoint(endpoints.add_feature_consumption)
    api_metadata = Endpoint(endpoints.api_metadata)
    borrow_floating_feature = Endpoint(endpoints.borrow_floating_feature)
    borrow_floating_license = Endpoint(endpoints.borrow_floating_license)
    change_password = Endpoint(endpoints.change_password)
    check_bundle = Endpoint(endpoints.check_bundle)
    check_license = Endpoint(endpoints.check_license)
    check_license_feature = Endpoint(endpoints.check_license_feature)
    customer_license_users = Endpoint(endpoints.customer_license_users)
    deactivate_bundle = Endpoint(endpoints.deactivate_bundle)
    deactivate_bundle_offline = Endpoint(endpoints.deactivate_bundle_offline)
    deactivate_license = Endpoint(endpoints.deactivate_license)
    deactivate_offline = Endpoint(endpoints.deactivate_offline)
    device_licenses = Endpoint(endpoints.device_licenses)
    get_device_variables = Endpoint(endpoints.get_device_variables)
    installation_file = Endpoint(endpoints.installation_file)
    product_details = Endpoint(endpoints.product_details)
    products = Endpoint(endpoints.products)
    release_floating_feature = Endpoint(endpoints.release_floating_feature)
    release_floating_license = Endpoint(endpoints.release_floating_license)
    sso_url = Endpoint(endpoints.sso_url)
    track_device_variables = Endpoint(endpoints.track_device_variables)
    trial_key = Endpoint(endpoints.trial_key)
    user_licenses = Endpoint(endpoints.user_licenses)
    versions = Endpoint(endpoints.versions)


class RawLicenseSpring(AwaitingRaw, Endpoints):
    """The endpoints of an async client, returning a `RawResponse`."""
