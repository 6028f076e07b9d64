"""The credentials of a client: as one argument, as two, or from the environment; in only one of these ways."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .auth import ApiKey, ClientCredentials
from .errors import ConfigurationError


def account_for(
    auth: ApiKey | ClientCredentials | None, base_url: str | None, **texts: str | None
) -> tuple[ApiKey | ClientCredentials, str | None]:
    """Return a client's credentials and its address, None for the vendor's own.

    Without credentials, both come from the environment. With credentials, the environment is not read.

    Args:
        auth: Credentials as a value.
        base_url: The address, if it was given; it outweighs the environment.
        texts: `api_key` and `shared_key`, or `client_id` and `client_secret`.

    Raises:
        ConfigurationError: None can be found, they are given in two ways, or half of a pair is missing.
    """
    given = {name: text for name, text in texts.items() if text is not None}
    if auth is not None:
        if given:
            raise ConfigurationError(f"{' / '.join(given)}: auth was given as well; pass one of the two ways alone")
        return auth, base_url
    if given:
        return _from_texts(given), base_url
    try:
        auth = auth_from(os.environ)
    except ConfigurationError as error:
        error.add_note("or pass them: LicenseSpring(api_key=..., shared_key=...)")
        raise
    return auth, base_url or address_from(os.environ)


def _from_texts(given: Mapping[str, str]) -> ApiKey | ClientCredentials:
    pairs = {"api_key": "shared_key", "client_id": "client_secret"}
    begun = {name: other for name, other in pairs.items() if name in given or other in given}
    if len(begun) > 1:
        raise ConfigurationError(
            f"{' / '.join(given)}: pass api_key and shared_key, or client_id and client_secret, not of both"
        )
    ((name, other),) = begun.items()
    for wanted, beside in ((name, other), (other, name)):
        if wanted not in given:
            raise ConfigurationError(f"{wanted}: is missing; it goes with {beside}")
    if name == "api_key":
        return ApiKey(api_key=given[name], shared_key=given[other])
    return ClientCredentials(client_id=given[name], client_secret=given[other])


def address_from(environ: Mapping[str, str]) -> str | None:
    """Return the address that the environment names, or None."""
    return environ.get("LICENSESPRING_BASE_URL") or None


def auth_from(environ: Mapping[str, str]) -> ApiKey | ClientCredentials:
    """Return the credentials that the environment names: an API key or client credentials, not both."""
    if not isinstance(environ, Mapping):
        raise ConfigurationError(f"environ: must be a mapping like os.environ, not {type(environ).__name__}")
    names = ("API_KEY", "SHARED_KEY", "CLIENT_ID", "CLIENT_SECRET")
    given = {name: environ.get(f"LICENSESPRING_{name}", "") for name in names}
    has_key = bool(given["API_KEY"] or given["SHARED_KEY"])
    has_client = bool(given["CLIENT_ID"] or given["CLIENT_SECRET"])
    if has_key and has_client:
        raise ConfigurationError(
            "both LICENSESPRING_API_KEY / _SHARED_KEY and LICENSESPRING_CLIENT_ID / _CLIENT_SECRET are set; "
            "unset one pair"
        )
    wanted = names[2:] if has_client else names[:2]
    missing = [f"LICENSESPRING_{name}" for name in wanted if not given[name]]
    if missing and not has_key and not has_client:
        raise ConfigurationError(
            "no credentials in the environment: set LICENSESPRING_API_KEY and LICENSESPRING_SHARED_KEY, "
            "or LICENSESPRING_CLIENT_ID and LICENSESPRING_CLIENT_SECRET"
        )
    if missing:
        raise ConfigurationError(f"{' and '.join(missing)} is not set in the environment")
    if has_client:
        return ClientCredentials(client_id=given["CLIENT_ID"], client_secret=given["CLIENT_SECRET"])
    return ApiKey(api_key=given["API_KEY"], shared_key=given["SHARED_KEY"])
