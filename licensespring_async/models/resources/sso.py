"""Single sign-on: what `sso_url` answers."""

from __future__ import annotations

import attrs

from ..fields import SECRET, secret
from ..model import Model


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class OpenidConfiguration(Model):
    """Addresses of the OpenID provider that signs users on."""

    issuer: str | None = None
    token_endpoint: str | None = None
    introspection_endpoint: str | None = None
    end_session_endpoint: str | None = None


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class SsoUrl(Model):
    """The answer of `sso_url`: where a user signs on.

    Source: https://docs.licensespring.com/license-api/single-sign-on-url

    Attributes:
        url: The page to open in a browser. It holds a value that only this sign-on may use, so it is a secret.
        openid_configuration: Addresses of the provider, when the service says them.
        alternate_urls: The same page with the other redirect addresses of the account, when the service says them.
    """

    url: str = attrs.field(metadata=SECRET)
    openid_configuration: OpenidConfiguration | None = None
    alternate_urls: tuple[str, ...] | None = secret()
