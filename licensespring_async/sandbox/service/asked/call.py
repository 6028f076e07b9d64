"""One call of an endpoint, and the declaration of an endpoint: its path, its function and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final, Literal

import attrs

from ...wire.jsontext import Json
from ...wire.parameters import Values, read_body, read_query
from ...wire.tpm import Proof
from ...world.world import World
from .sign_on import SignOn

# Parameters that the vendor's reference lists together.
WHO: Final = "hardware_id product license_key username license_id"
WHO_ACTIVATES: Final = f"{WHO} password id_token code customer_account_code redirect_uri"
ABOUT_DEVICE: Final = "os_ver hostname os_hostname ip ip_local app_ver sdk_ver mac_address"


@attrs.frozen(kw_only=True)
class Call:
    """One authorized request.

    Args:
        world: The company's world.
        values: The parameters from the query or the body.
        now: The sandbox's time.
        sign: Returns the `license_signature` (v1) of a text.
        keys: The secret of each API key and OAuth client of the company.
        sign_on: Checks the tokens and codes of users who have logged in.
        proof: The signature by the device's TPM key, if the request has one.
        origin: The sandbox's address as the client used it, without a path.
    """

    world: World
    values: Values
    now: datetime
    sign: Callable[[str], str]
    keys: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    sign_on: SignOn = attrs.field(factory=SignOn)
    proof: Proof | None = None
    origin: str = "http://127.0.0.1"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


@attrs.frozen
class Route:
    """An endpoint.

    Args:
        method: HTTP method; GET has its parameters in the query, POST in a JSON body.
        path: Path below /api/v4/.
        act: Answers a call with JSON, or with a text or None if the answer is not signed.
        reads: Names of the documented parameters, separated by spaces; others are ignored and logged.
        decode: Reads a body that is not JSON, given its content type.
    """

    method: Literal["GET", "POST"]
    path: str
    act: Callable[[Call], Json]
    reads: Collection[str] = attrs.field(converter=_names, kw_only=True)

    decode: Callable[[bytes, str], Values] | None = attrs.field(default=None, kw_only=True)

    def values(self, query: bytes, body: bytes, content_type: str) -> Values:
        """Decode a request's parameters.

        Raises:
            ServiceError: They cannot be decoded.
        """
        if self.decode is not None:
            return self.decode(body, content_type)
        return read_query(query, self.reads) if self.method == "GET" else read_body(body, self.reads)
