"""A FastAPI router whose routes need a license takes nothing that is open.

FastAPI makes only a router's own path operations of its route class, and asks its dependencies for path operations
alone: routers that are included, WebSockets, mounts and plain Starlette routes would be open, without a word. It has no
hook for them, so the public methods that add to a router are wrapped here, once. They do nothing on other routers.
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
    """A route that asks for a license; what a router's route class is told by."""


_INHERITED: Final = "_licensing_dependencies"
_OWN: Final = "fastapi.applications"  # adds the documentation of its own to every application


def watch_routers() -> None:
    """Have every router with a guard refuse what is open; does nothing the second time."""
    for name, refuse in _REFUSALS.items():
        # `frontend` is new.
        add: Any = getattr(APIRouter, name, None)
        if add is not None and not hasattr(add, "_is_watched"):
            setattr(APIRouter, name, _watched(add, refuse))
    if not hasattr(APIRouter.__init__, "_is_watched"):
        APIRouter.__init__ = _made(APIRouter.__init__)  # type: ignore[method-assign]


def _watched(add: Callable[..., None], refuse: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(add)
    def watched(router: APIRouter, *positional: Any, **named: Any) -> None:
        # A router may also be guarded in no other place than where it is included.
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
        # FastAPI asks the router's own dependencies for none of the routes that it is made with.
        if not all(_each_guarded(router.routes, ())) or not (default is None or isinstance(default, Licensed)):
            raise ConfigurationError(
                "routes / default: the routes of this router need a license, and some of those that it is made with "
                "would be open; add path operations, or wrap what is open in RequiresFeature of services.web.starlette"
            )

    made._is_watched = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    return made


def _refuse_router(parent: APIRouter, router: APIRouter, **named: Any) -> None:
    inherited = [*_all_of(parent), *(named.get("dependencies") or ())]
    # What is added to it later is refused by its own guard, or asked for by those dependencies.
    is_lasting = any((_has_guard(inherited), _is_classed(router), _has_guard(router.dependencies)))
    if not is_lasting or not _are_guarded(router, inherited):
        raise ConfigurationError(
            "include_router: the routes of this router need a license, and some of those that it includes would be "
            "open; give their router the route_class, or dependencies=[Depends(...)] of the feature, as well, and wrap "
            "what it mounts in RequiresFeature of services.web.starlette"
        )

    if _has_guard(inherited):
        _hand_down(router, inherited)


def _refuse_app(_: APIRouter, path: str, app: object, *__: object, **___: object) -> None:
    if not isinstance(app, Licensed):
        raise ConfigurationError(
            f"mount: the routes of this router need a license, and what is mounted at {path} would be open; wrap it in "
            "RequiresFeature of services.web.starlette, or mount it elsewhere"
        )


def _refuse_host(router: APIRouter, host: str, app: object, *_: object, **__: object) -> None:
    _refuse_app(router, host, app)


def _refuse_websocket(parent: APIRouter, path: str, *_: object, **named: Any) -> None:
    if not _has_guard([*_all_of(parent), *(named.get("dependencies") or ())]):
        raise ConfigurationError(
            f"websocket: the routes of this router need a license, and {path} would be open, since WebSockets are not "
            "made of a route_class; give it dependencies=[Depends(...)] of the feature"
        )


def _refuse_plain(_: APIRouter, path: str, endpoint: object, *__: object, **___: object) -> None:
    if getattr(endpoint, "__module__", "") != _OWN:
        raise ConfigurationError(
            f"add_route: the routes of this router need a license, and {path} would be open; make it a path operation, "
            "or mount it in RequiresFeature of services.web.starlette"
        )


def _refuse_frontend(parent: APIRouter, path: str, **_: object) -> None:
    if not _has_guard(_all_of(parent)):
        raise ConfigurationError(
            f"frontend: the routes of this router need a license, and {path} would be open; give the router "
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
    """Return the dependencies of a router, and those that it has from where it was included."""
    return [*router.dependencies, *getattr(router, _INHERITED, ())]


def _hand_down(router: Any, inherited: Sequence[Any]) -> None:
    """Note what a router has from where it is included: newer versions serve what is added to it later as well."""
    setattr(router, _INHERITED, [*getattr(router, _INHERITED, ()), *inherited])
    for route in router.routes:
        if (included := getattr(route, "original_router", None)) is not None:
            _hand_down(included, inherited)


def _is_classed(router: APIRouter) -> bool:
    return issubclass(router.route_class, Guarding)


def _has_guard(dependencies: Sequence[Any]) -> bool:
    return any(isinstance(each.dependency, Requirement) for each in dependencies)


def _are_guarded(router: Any, inherited: Sequence[Any]) -> bool:
    """Return whether each route of a router, and of those that it includes, asks for a license."""
    return all(_each_guarded(router.routes, [*inherited, *router.dependencies]))


def _each_guarded(routes: Iterable[Any], inherited: Sequence[Any]) -> Iterator[bool]:
    for route in routes:
        # Newer versions keep an included router as it is, older ones copy its routes.
        included = getattr(route, "original_router", None)
        # Path operations and WebSockets of FastAPI's alone have dependencies.
        own = getattr(route, "dependencies", None)
        if included is not None:
            yield _are_guarded(included, inherited)
        elif own is None:
            yield isinstance(getattr(route, "app", None), Licensed)
        else:
            yield isinstance(route, Guarding) or _has_guard([*inherited, *own])
