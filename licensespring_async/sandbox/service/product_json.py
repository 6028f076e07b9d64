"""The JSON of products: described for themselves, and inside the answers about licenses."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..wire.jsontext import Json, JsonObject
from ..wire.moments import iso
from ..world.terms import InstallationFile, ProductTerms


def product_item(
    product: ProductTerms, *, company_id: int, environment: str | None, with_version: bool, with_fields: bool
) -> JsonObject:
    """Show a product as product_details does.

    https://docs.licensespring.com/license-api/products/get-product-details
    """
    item: JsonObject = {
        **product_details(product),
        "allow_trial": product.allow_trial,
        "trial_days": product.trial_days,
        "floating_timeout": product.floating_timeout,
        "allow_overages": product.allow_overages,
        "max_overages": product.max_overages,
        "prevent_vm": product.prevent_vm,
        "company": {"id": company_id},
    }
    if with_fields:
        item["custom_fields"] = [attrs.asdict(field) for field in product.custom_fields]
    if with_version:
        item["latest_version"] = newest_installation(product, environment)
    return item


def product_details(product: ProductTerms) -> Mapping[str, Json]:
    """Show what every answer about a license says of its product."""
    return {
        "product_id": product.id,
        "product_name": product.name,
        "short_code": product.short_code,
        "authorization_method": product.authorization_method,
        "metadata": product.metadata,
    }


def newest_installation(product: ProductTerms, environment: str | None = None) -> Json:
    """Show the file added last, of one environment if one is named, or null."""
    file = product.newest_file(environment)
    return None if file is None else {"id": product.id, **installation(file)}


def installation(file: InstallationFile | None) -> Mapping[str, Json]:
    """Lay the file's fields flat: a check has "" and null where an activation has one null."""
    shown = file or InstallationFile(version="")
    return {
        "version": shown.version,
        "installation_file": shown.installation_file,
        "hash_md5": shown.hash_md5,
        "environment": shown.environment,
        "eula_link": shown.eula_link,
        "release_notes_link": shown.release_notes_link,
        "channel": shown.channel,
        "release_date": iso(shown.release_date),
        "requires_version": shown.requires_version,
        "size": shown.size,
    }
