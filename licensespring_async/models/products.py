"""The product and the vendor's account, as they appear inside other answers."""

from __future__ import annotations

import attrs

from .enums import AuthorizationMethod
from .json_types import JsonObject


@attrs.frozen(kw_only=True)
class Company:
    """The vendor's account."""

    id: int
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)


@attrs.frozen(kw_only=True)
class ProductDetails:
    """The product that a license is for.

    Attributes:
        authorization_method: `license-key` or `user`; the documented spelling `license_key` reads as the same.
    """

    product_id: int
    product_name: str
    short_code: str
    authorization_method: AuthorizationMethod | str
    metadata: JsonObject
    extra: JsonObject = attrs.field(factory=dict[str, object], repr=False)
