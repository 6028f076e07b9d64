"""For tests that mock HTTP: answers as the service signs them, by a key that the client under test trusts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

import attrs

from .models.model import Model, to_json
from .signatures import SIGNATURE_HEADER
from .signing import Signer


class SignedAnswer(TypedDict):
    """The arguments of an HTTP mock: of `respx`'s `respond`, `pytest_httpx`'s `add_response`, and `httpx.Response`."""

    status_code: int
    content: bytes
    headers: dict[str, str]


@attrs.frozen
class AnswerKey:
    """A key of your own in the place of the service's: `LicenseSpring(..., public_key=answer_key.public_key)`.

    It signs what you write, true or not: trust it in tests alone. Making one costs about 100 ms, so share it.
    """

    _signer: Signer = attrs.field(factory=Signer, init=False, repr=False)

    @property
    def public_key(self) -> str:
        """The PEM of the public key, for a client under test."""
        return self._signer.public_key

    def signed(
        self,
        answer: Model | Sequence[object] | Mapping[str, object] | str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> SignedAnswer:
        """Return an answer with its `LicenseSignature`, for `route.respond(**signed)`.

        The `license_signature` of a license is left out: it would hold for one device alone.

        Args:
            answer: A model, a list of models, JSON, or the word that an endpoint answers, like `license_deactivated`.
            status: HTTP status.
            headers: Further headers.
        """
        body = (answer if isinstance(answer, str) else json.dumps(_unbound(to_json(answer)))).encode()
        signature = {SIGNATURE_HEADER: self._signer.sign(body), "Content-Type": "application/json"}
        return {"status_code": status, "content": body, "headers": {**signature, **(headers or {})}}


def _unbound(value: object) -> object:
    if isinstance(value, list):
        return [_unbound(each) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: each for name, each in fields.items() if name != "license_signature"}
    return value
