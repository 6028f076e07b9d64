"""Descriptions of products.

https://docs.licensespring.com/license-api/products/get-product-details
https://docs.licensespring.com/license-api/products
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..wire.jsontext import JsonObject
from ..wire.parameters import boolean, required
from .answered.products import listed_product, product_item
from .asked.call import Call, Route
from .asked.lookup import find_product


def product_details(call: Call) -> JsonObject:
    """Describe a product, on request with its latest version and its custom fields.

    Raises:
        ServiceError: The request is refused.
    """
    short_code = required(call.values, "product")
    with_version = boolean(call.values, "include_latest_version")
    with_fields = boolean(call.values, "include_custom_fields")
    return product_item(
        call,
        find_product(call.world, short_code),
        environment=call.values.get("env"),
        with_version=with_version,
        with_fields=with_fields,
    )


def products(call: Call) -> Sequence[JsonObject]:
    """List the company's products.

    Raises:
        ServiceError: The request is refused.
    """
    return [listed_product(call, product) for product in tuple(call.world.products.values())]


ROUTES: Final = (
    Route("GET", "product_details", product_details, reads="product include_latest_version include_custom_fields env"),
    Route("GET", "products", products, reads=""),
)
