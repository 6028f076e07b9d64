"""Signed answers for tests that mock HTTP, with a key that the client under test trusts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

import attrs

from .models.model import Model, to_json
from .signatures import SIGNATURE_HEADER
from .signing import Signer


class SignedAnswer(TypedDict):
    """Arguments for `respond` of `respx`, `add_response` of `pytest_httpx`, and `httpx.Response`."""

    status_code: int
    content: bytes
    headers: dict[str, str]


@attrs.frozen
class AnswerKey:
    """A key that signs like the service: `LicenseSpring(..., public_key=answer_key.public_key)`.

    It signs whatever you write, so trust it only in tests. Making a key takes about 100 ms, so share it.
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
        """Sign an answer, and return the arguments for `route.respond(**signed)`.

        The `license_signature` of a license is left out, because it would hold for one device only.

        Args:
            answer: A model, a list of models, JSON, or an endpoint's one-word answer, such as `license_deactivated`.
            status: HTTP status.
            headers: Additional headers.
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
