"""A FastAPI router with a guard refuses routes that would be open.

FastAPI applies a route class only to the router's own path operations, and dependencies only to path operations and
WebSockets. Included routers, mounts and plain Starlette routes could silently be open. FastAPI has no hook for them, so
the public methods that add to a router are wrapped here, once. On routers without a guard the wrappers do nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi.routing import APIRoute, APIRouter

from ...errors import ConfigurationError
from .requirement import Requirement
from .starlette import Licensed


class Guarding(APIRoute):
    """A route that needs a license; the base of all guarding route classes."""


_INHERITED: Final = "_licensing_dependencies"
_OWN: Final = "fastapi.applications"  # adds its documentation to every application


def watch_routers() -> None:
    """Have every router with a guard refuse what would be open; does nothing the second time."""
    for name, refuse in _REFUSALS.items():
        # Older versions have no `frontend`.
        add: Any = getattr(APIRouter, name, None)
        if add is not None and not hasattr(add, "_is_watched"):
            setattr(APIRouter, name, _watched(add, refuse))
    if not hasattr(APIRouter.__init__, "_is_watched"):
        APIRouter.__init__ = _made(APIRouter.__init__)  # type: ignore[method-assign]


def _watched(add: Callable[..., None], refuse: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(add)
    def watched(router: APIRouter, *positional: Any, **named: Any) -> None:
        # The only guard of a router may be where it is included.
        if _is_classed(router) or _has_guard([*_all_of(router), *(named.get("dependencies") or ())]):
            refuse(router, *positional, **named)
        add(router, *positional, **named)

    watched._is_watched = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    return watched


def _made(make: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(make)
    def made(router: APIRouter, *positional: Any, **named: Any) -> None:
        make(router, *positional, **named)
        if not _is_classed(router) and not _has_guard(router.dependencies):
            return
        default = named.get("default")
        # FastAPI does not apply a router's dependencies to the routes that are passed to it when it is made.
        if not all(_each_guarded(router.routes, ())) or not (default is None or isinstance(default, Licensed)):
            raise ConfigurationError(
                "routes / default: this router needs a license, and some of the routes passed to it would be open; add "
                "path operations, or wrap the open routes in RequiresFeature of services.web.starlette"
            )

    made._is_watched = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    return made


def _refuse_router(parent: APIRouter, router: APIRouter, **named: Any) -> None:
    inherited = [*_all_of(parent), *(named.get("dependencies") or ())]
    # A route that is added later is refused by its own guard, or guarded by those dependencies.
    is_lasting = any((_has_guard(inherited), _is_classed(router), _has_guard(router.dependencies)))
    if not is_lasting or not _are_guarded(router, inherited):
        raise ConfigurationError(
            "include_router: this router needs a license, and some of the included routes would be open; give their "
            "router the route_class or dependencies=[Depends(...)] of the feature as well, and wrap its mounts in "
            "RequiresFeature of services.web.starlette"
        )

    if _has_guard(inherited):
        _hand_down(router, inherited)


def _refuse_app(_: APIRouter, path: str, app: object, *__: object, **___: object) -> None:
    if not isinstance(app, Licensed):
        raise ConfigurationError(
            f"mount: this router needs a license, and the application at {path} would be open; wrap it in "
            "RequiresFeature of services.web.starlette, or mount it elsewhere"
        )


def _refuse_host(router: APIRouter, host: str, app: object, *_: object, **__: object) -> None:
    _refuse_app(router, host, app)


def _refuse_websocket(parent: APIRouter, path: str, *_: object, **named: Any) -> None:
    if not _has_guard([*_all_of(parent), *(named.get("dependencies") or ())]):
        raise ConfigurationError(
            f"websocket: this router needs a license, and {path} would be open, because a route_class does not apply "
            "to WebSockets; give it dependencies=[Depends(...)] of the feature"
        )


def _refuse_plain(_: APIRouter, path: str, endpoint: object, *__: object, **___: object) -> None:
    if getattr(endpoint, "__module__", "") != _OWN:
        raise ConfigurationError(
            f"add_route: this router needs a license, and {path} would be open; make it a path operation, or mount it "
            "in RequiresFeature of services.web.starlette"
        )


def _refuse_frontend(parent: APIRouter, path: str, **_: object) -> None:
    if not _has_guard(_all_of(parent)):
        raise ConfigurationError(
            f"frontend: this router needs a license, and {path} would be open; give the router "
            "dependencies=[Depends(...)] of the feature"
        )


_REFUSALS: Final[dict[str, Callable[..., None]]] = {
    "include_router": _refuse_router,
    "mount": _refuse_app,
    "host": _refuse_host,
    "add_api_websocket_route": _refuse_websocket,
    "add_route": _refuse_plain,
    "add_websocket_route": _refuse_plain,
    "frontend": _refuse_frontend,
}


def _all_of(router: APIRouter) -> list[Any]:
    """Return a router's own dependencies, and those of the routers that include it."""
    return [*router.dependencies, *getattr(router, _INHERITED, ())]


def _hand_down(router: Any, inherited: Sequence[Any]) -> None:
    """Record the dependencies of an including router: newer versions also serve routes that are added later."""
    setattr(router, _INHERITED, [*getattr(router, _INHERITED, ()), *inherited])
    for route in router.routes:
        if (included := getattr(route, "original_router", None)) is not None:
            _hand_down(included, inherited)


def _is_classed(router: APIRouter) -> bool:
    return issubclass(router.route_class, Guarding)


def _has_guard(dependencies: Sequence[Any]) -> bool:
    return any(isinstance(each.dependency, Requirement) for each in dependencies)


def _are_guarded(router: Any, inherited: Sequence[Any]) -> bool:
    """Return whether each route of a router, and of the routers it includes, needs a license."""
    return all(_each_guarded(router.routes, [*inherited, *router.dependencies]))


def _each_guarded(routes: Iterable[Any], inherited: Sequence[Any]) -> Iterator[bool]:
    for route in routes:
        # Newer versions keep an included router as it is; older ones copy its routes.
        included = getattr(route, "original_router", None)
        # Only path operations and WebSockets of FastAPI have dependencies.
        own = getattr(route, "dependencies", None)
        if included is not None:
            yield _are_guarded(included, inherited)
        elif own is None:
            yield isinstance(getattr(route, "app", None), Licensed)
        else:
            yield isinstance(route, Guarding) or _has_guard([*inherited, *own])
