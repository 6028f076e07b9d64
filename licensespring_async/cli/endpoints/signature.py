"""Turn an endpoint function's signature and docstring into options and help."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin

import typer

from ...endpoints.documenting import arguments_of, sections_of
from ...endpoints.parameters import PARAMETERS
from ...errors import ConfigurationError
from ..commands import with_signature
from ..console import ask_secret, can_ask
from ..spoken import option

Endpoint = Callable[..., Any]

_TYPED_IN: Final = frozenset({"license_key"})
"""Secrets that are asked for only on request (`-`)."""

_ASKED_FOR: Final = frozenset({"password", "new_password", "id_token", "code"})
"""Secrets that are asked for if they are missing: other users of the machine can see the command line."""

_PANELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("email", "first_name", "last_name", "phone", "company_name", "address"), "Customer"),
    **dict.fromkeys(("postcode", "city", "state", "country", "reference"), "Customer"),
    **dict.fromkeys(("hardware_id", "license_key", "username", "license_id"), "License and device"),
    **dict.fromkeys(("password", "new_password", "id_token", "code", "customer_account_code"), "License and device"),
    **dict.fromkeys(("env", "os_ver", "hostname", "os_hostname", "ip", "ip_local"), "Device data"),
    **dict.fromkeys(("app_ver", "sdk_ver", "mac_address", "is_vm", "vm_info"), "Device data"),
}
_OTHERWISE: Final = "1 for an error, 2 for wrong usage, 4 for refused credentials or a wrong signature."
_NAME = re.compile(r"`(\w+)`")
_EXAMPLE: Final = "2030-01-31T12:00:00+00:00"


def taking(
    run: Callable[..., None], endpoint: Callable[..., object], *, exits: str, notice: str = "", about: str = ""
) -> Callable[..., None]:
    """Give a function that takes any keywords the options and help of an endpoint function; its own options follow.

    Args:
        run: The command.
        endpoint: The endpoint function that it calls.
        exits: What its exit codes say about an answer.
        notice: Sentence to add to the first line of the help.
        about: The help; the endpoint's if left out.
    """
    own = [
        each
        for each in inspect.signature(run, eval_str=True).parameters.values()
        if each.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    first, *more = (about or help_of(endpoint)).split("\n\n")
    run.__doc__ = "\n\n".join([f"{first} {notice}".strip(), *more, f"Exits with {exits}, {_OTHERWISE}"])
    run.__name__ = getattr(endpoint, "__name__", "endpoint")
    return with_signature(run, [*options_of(endpoint), *own])


def options_of(endpoint: Endpoint) -> Iterator[inspect.Parameter]:
    """Yield an option for each parameter of the API that a command line can express."""
    parameters = inspect.signature(endpoint, eval_str=True).parameters
    told = arguments_of(endpoint)
    for name, each in parameters.items():
        kind = _kind(each.annotation)
        if name not in PARAMETERS or kind is None:
            continue
        is_required = each.default is inspect.Parameter.empty and NoneType not in get_args(each.annotation)
        text = _spoken(told.get(name) or PARAMETERS[name].about, parameters)
        is_open = is_required and name not in _ASKED_FOR
        yield each.replace(
            annotation=Annotated[kind if is_open else kind | None, _option(name, kind, text)],
            default=inspect.Parameter.empty if is_open else None,
        )


def help_of(endpoint: Endpoint) -> str:
    """Return an endpoint function's docstring up to its arguments."""
    return sections_of(endpoint)[""].replace("**", "")


def arguments_for(endpoint: Endpoint, given: Mapping[str, object]) -> dict[str, object]:
    """Turn option values into arguments, with the function's defaults; ask for secrets that are missing.

    Args:
        endpoint: The function that takes them.
        given: Values of its options. `-` for a key, password or token asks for it, or reads a line of the
            standard input.

    Raises:
        ConfigurationError: A password or token is needed, and there is no terminal to ask at.
    """
    parameters = inspect.signature(endpoint).parameters
    defaults = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
    arguments = {name: defaults.get(name) if value is None else value for name, value in given.items()}
    for name in [each for each in parameters if each in _ASKED_FOR | _TYPED_IN and each in given]:
        is_needed = name in _ASKED_FOR and name not in defaults
        arguments[name] = typed_in(name, given[name], is_needed=is_needed)
    return arguments


def typed_in(name: str, value: object, *, is_needed: bool) -> object:
    """Return a secret; ask for it if the value is `-`, or if it is needed and missing.

    Raises:
        ConfigurationError: It is needed, and there is no terminal to ask at.
    """
    is_missing = is_needed and value is None
    if is_missing and not can_ask():
        raise ConfigurationError(
            f"{option(name)}: is needed; set {variable(name)}, or give - to read it from the standard input"
        )
    return ask_secret(name.replace("_", " ").capitalize()) if is_missing or value == "-" else value


def _option(name: str, kind: Any, text: str) -> Any:
    parser: Callable[[str], Any] | None = _PARSERS.get(kind)
    if name in _ASKED_FOR | _TYPED_IN:
        text += " With -, asks for it or reads it from the standard input."
    if kind == list[str]:
        text += " May be repeated."
    return typer.Option(
        f"{option(name)}/--no{option(name)[1:]}" if kind is bool else option(name),
        help=text,
        metavar=None if kind is bool else _METAVARS[kind],
        envvar=None if PARAMETERS[name].public else variable(name),
        parser=parser,
        rich_help_panel=_PANELS.get(name),
    )


def _spoken(text: str, parameters: Container[str]) -> str:
    """Return a text with options in place of parameters, and without values of Python."""
    text = text.replace("as an aware datetime; None for", f"such as {_EXAMPLE}; by default")
    return _NAME.sub(lambda found: option(found[1]) if found[1] in parameters else found[0], text)


def variable(name: str) -> str:
    """Return the environment variable for a secret: `LICENSESPRING_LICENSE_KEY`."""
    return f"LICENSESPRING_{name.upper()}"


def _kind(annotation: Any) -> Any:
    """Return the type of the option for a parameter, or None if no option can hold its values."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation, *more) = [each for each in get_args(annotation) if each is not NoneType]
        if more:
            return None
    if annotation in _METAVARS:
        return annotation
    return _BY_ORIGIN.get(get_origin(annotation))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise typer.BadParameter(f"must be a date and time in ISO 8601, for example {_EXAMPLE}") from e
    if moment.tzinfo is None:
        raise typer.BadParameter(f"must have an offset from UTC, for example {_EXAMPLE}")
    return moment


def _object(text: str) -> dict[str, object]:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise typer.BadParameter('must be a JSON object, for example {"name": "value"}')
    return cast("dict[str, object]", value)


_METAVARS: Final[Mapping[Any, str]] = {
    str: "TEXT",
    int: "NUMBER",
    bool: "",
    datetime: "DATE-TIME",
    dict: "JSON",
    list[str]: "TEXT",
}
_BY_ORIGIN: Final[Mapping[Any, Any]] = {Mapping: dict, dict: dict, Sequence: list[str], Iterable: list[str]}
_PARSERS: Final[Mapping[Any, Callable[[str], Any]]] = {datetime: _moment, dict: _object}
