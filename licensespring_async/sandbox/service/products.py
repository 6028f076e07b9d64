"""Products, described.

https://docs.licensespring.com/license-api/products/get-product-details
"""

from __future__ import annotations

from typing import Final

from ..wire.jsontext import JsonObject
from ..wire.parameters import boolean, required
from .call import Call, Route
from .lookup import find_product
from .product_json import product_item


def product_details(call: Call) -> JsonObject:
    """Describe a product; its latest version and its custom fields when they are asked for.

    Raises:
        ServiceError: The request is refused.
    """
    short_code = required(call.values, "product")
    with_version = boolean(call.values, "include_latest_version")
    with_fields = boolean(call.values, "include_custom_fields")
    return product_item(
        find_product(call.world, short_code),
        company_id=call.world.company_id,
        environment=call.values.get("env"),
        with_version=with_version,
        with_fields=with_fields,
    )


ROUTES: Final = (
    Route("GET", "product_details", product_details, reads="product include_latest_version include_custom_fields env"),
)
