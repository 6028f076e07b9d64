"""A company's keys, with which its clients sign and its server knows them."""

from __future__ import annotations

import secrets
from uuid import uuid4

import attrs

from ...auth import ApiKey, ClientCredentials
from ...models.json_types import exact


@attrs.frozen(kw_only=True)
class Credentials:
    """A company's API key and OAuth client, each with its secret; generated unless given.

    Raises:
        ConfigurationError: No client could send one of them.
    """

    api_key: str = attrs.field(factory=lambda: str(uuid4()), converter=exact, repr=False)
    shared_key: str = attrs.field(factory=lambda: secrets.token_urlsafe(30), converter=exact, repr=False)
    client_id: str = attrs.field(factory=lambda: f"sandbox-{secrets.token_hex(4)}", converter=exact)
    client_secret: str = attrs.field(factory=lambda: secrets.token_urlsafe(30), converter=exact, repr=False)

    def __attrs_post_init__(self) -> None:
        ApiKey(api_key=self.api_key, shared_key=self.shared_key)
        ClientCredentials(client_id=self.client_id, client_secret=self.client_secret)
