"""The blocking client: the same calls, run by an event loop in its own thread."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar, Unpack

from ...auth import ApiKey, ClientCredentials
from ...caller import Observable
from ...client import LicenseSpring
from ...configuration import Options
from ...credentials import account_for, address_from, auth_from
from ...errors import ConfigurationError
from ...methods import Blocking, BlockingRaw, Endpoints
from ...transport import RawResponse
from ...transport.values import Call
from .thread import Held, LoopThread

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


def _held(
    method: Callable[Concatenate[LicenseSpring, P], AbstractAsyncContextManager[T, bool | None]],
) -> Callable[Concatenate[BlockingLicenseSpring, P], AbstractContextManager[T, None]]:
    @returning(str(inspect.signature(method).return_annotation).replace("AbstractAsync", "Abstract"), method)
    def call(self: BlockingLicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[T, None]:
        return self.hold(lambda client: method(client, *args, **kwargs))

    return call


def _copied(
    method: Callable[Concatenate[LicenseSpring, P], LicenseSpring],
) -> Callable[Concatenate[BlockingLicenseSpring, P], BlockingLicenseSpring]:
    @returning("Self", method)
    def call(self: BlockingLicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> BlockingLicenseSpring:
        return self.copy(lambda client: method(client, *args, **kwargs))

    return call


def _inside(
    method: Callable[Concatenate[LicenseSpring, P], T],
) -> Callable[Concatenate[BlockingLicenseSpring, P], T]:
    @returning("None", method)
    def call(self: BlockingLicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.inside(lambda client: method(client, *args, **kwargs))

    return call


def _awaited(
    method: Callable[Concatenate[LicenseSpring, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingLicenseSpring, P], T]:
    @returning(str(inspect.signature(method).return_annotation), method)
    def call(self: BlockingLicenseSpring, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.wait_for(lambda client: method(client, *args, **kwargs))

    return call


def returning(returned: str, method: Callable[..., object]) -> Callable[[F], F]:
    """Give a blocking method the name, docstring and parameters of the async one, with its own return type."""

    def decorate(call: F) -> F:
        functools.update_wrapper(call, method)
        signature = inspect.signature(method)
        call.__signature__ = signature.replace(return_annotation=returned)  # type: ignore[attr-defined]
        # The annotations use names of the async method's module. get_type_hints finds it through __wrapped__.
        call.__annotations__ = {**method.__annotations__, "return": returned}
        return call

    return decorate


def _itself(client: LicenseSpring) -> LicenseSpring:
    return client


def _again(auth: ApiKey | ClientCredentials, base_url: str | None, options: Options) -> LicenseSpring:
    """Return a client for a forked process, with the arguments of the parent's client."""
    if options.get("engine") is not None:
        raise ConfigurationError("another process opened this client and its engine; make a client in each process")
    return LicenseSpring(auth=auth, base_url=base_url, **options)


class RawBlockingLicenseSpring(BlockingRaw, Endpoints):
    """The endpoints of a blocking client, returning a `RawResponse`."""


class BlockingLicenseSpring(Observable, Blocking, Endpoints):
    """Call the service without `await`, in a `with` or from a module global, from any number of threads.

    Calls run in an event loop in another thread, so each costs two thread switches. The first call starts the thread.
    It ends with the `with`, with `close()`, or with the program. Ctrl-C ends the call that the main thread waits for.
    A forked process gets its own connections and thread at its first call. Inside a running event loop, the client
    raises `ConfigurationError`: use `LicenseSpring` there.

    Args:
        auth: Credentials, as in `LicenseSpring`.
        api_key: With `shared_key`, instead of `auth`.
        shared_key: Goes with `api_key`.
        client_id: With `client_secret`, instead of `auth`.
        client_secret: Goes with `client_id`.
        base_url: Origin of the service.
        options: The other arguments of `LicenseSpring`.

    Raises:
        ConfigurationError: An argument cannot be used; it says which and why.

    Example:
        >>> client = BlockingLicenseSpring(api_key="...", shared_key="...")
        >>> feature = client.check_license_feature(
        ...     product="TP", feature="render", hardware_id="device-1", license_key="...")
    """

    @returning("None", LicenseSpring.__init__)
    def __init__(
        self,
        *,
        auth: ApiKey | ClientCredentials | None = None,
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        base_url: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        auth, base_url = account_for(
            auth, base_url, api_key=api_key, shared_key=shared_key, client_id=client_id, client_secret=client_secret
        )
        # A fork makes a second client of these options, so no iterator may be used up.
        if isinstance(hooks := options.get("hooks"), Iterator):
            options["hooks"] = tuple(hooks)
        if isinstance(keys := options.get("public_key"), Iterator):
            options["public_key"] = tuple(keys)
        client = LicenseSpring(auth=auth, base_url=base_url, **options)
        self._adopt(LoopThread(client, functools.partial(_again, auth, base_url, options)), _itself)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]) -> Self:
        """Return a client with credentials from the environment, as `LicenseSpring.from_env` does.

        Args:
            environ: The variables; `os.environ` if None.
            options: The other arguments of `LicenseSpring`.

        Raises:
            ConfigurationError: A variable is missing, or both kinds of credentials are set.
        """
        environ = os.environ if environ is None else environ
        return cls(auth=auth_from(environ), base_url=address_from(environ), **options)

    def _adopt(self, loop: LoopThread, derive: Callable[[LicenseSpring], LicenseSpring]) -> None:
        self._loop, self._derive, self._origin = loop, derive, loop.client
        self._client = client = derive(self._origin)
        self._pipeline, self._reader = client._pipeline, client._reader

    def _of_this_process(self) -> LicenseSpring:
        if self._loop.client is not self._origin:
            self._adopt(self._loop, self._derive)
        return self._client

    feature_lease = _held(LicenseSpring.feature_lease)
    license_lease = _held(LicenseSpring.license_lease)
    download = _awaited(LicenseSpring.download)
    with_options = _copied(LicenseSpring.with_options)
    change_rate_limits = _inside(LicenseSpring.change_rate_limits)

    @property
    def with_raw_response(self) -> RawBlockingLicenseSpring:
        """The same endpoints, returning a `RawResponse`: the value with its HTTP response."""
        return RawBlockingLicenseSpring(self)

    def perform(self, call: Call[T]) -> RawResponse[T]:
        """Send the call of an endpoint function and return its verified, structured answer.

        Raises:
            LicenseSpringError: As `LicenseSpring.perform`.
        """
        return self._loop.run(functools.partial(self._of_this_process().perform, call))

    def wait_for(self, function: Callable[[LicenseSpring], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function with the async client in the loop's thread, and return its result."""
        client = self._of_this_process()
        return self._loop.run(lambda: function(client))

    def inside(self, function: Callable[[LicenseSpring], T]) -> T:
        """Call a function with the async client in the loop's thread, and return its result."""
        client = self._of_this_process()

        async def call() -> T:
            return function(client)

        return self._loop.run(call)

    def hold(
        self, opening: Callable[[LicenseSpring], AbstractAsyncContextManager[T, bool | None]]
    ) -> AbstractContextManager[T, None]:
        """Return a `with` for the `async with` that a function of the async client returns."""
        return Held(self._loop, opening(self._of_this_process()))

    def copy(self, copying: Callable[[LicenseSpring], LicenseSpring]) -> Self:
        """Return a copy with another async client, in the same thread."""
        derive = self._derive
        other = type(self).__new__(type(self))
        other._adopt(self._loop, lambda client: copying(derive(client)))
        return other

    def close(self) -> None:
        """Cancel the calls that other threads wait for, release leases, close the connections and end the thread."""
        self._loop.close()

    def __enter__(self) -> Self:
        self._loop.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        # Copying asks for this too.
        raise TypeError(
            "BlockingLicenseSpring holds secrets and connections, and cannot be copied or pickled; `with_options` "
            "makes a copy that shares the connections, and each process needs a client of its own"
        )

    def __repr__(self) -> str:
        return f"Blocking{self._client!r}"
