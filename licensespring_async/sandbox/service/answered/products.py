"""The JSON of products, on their own and inside answers about licenses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from urllib.parse import quote

import attrs

from ...wire.jsontext import Json, JsonObject
from ...wire.moments import iso
from ...world.products import Product
from ...world.terms import InstallationFile, ProductTerms
from ..asked.call import Call


def product_item(
    call: Call, product: ProductTerms, *, environment: str | None, with_version: bool, with_fields: bool
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
        "company": {"id": call.world.company_id},
    }
    if with_fields:
        item["custom_fields"] = [attrs.asdict(field) for field in product.custom_fields]
    if with_version:
        item["latest_version"] = _latest_version(call, product, product.newest_file(environment))
    return item


def listed_product(call: Call, product: Product) -> JsonObject:
    """Show a product as products does; its features are those of its licenses."""
    since = iso(call.world.home.opened or call.now)
    features = {code: feature for license in product.licenses for code, feature in license.features.items()}
    return {
        "id": product.id,
        "created_at": since,
        "updated_at": since,
        "product_name": product.name,
        "short_code": product.short_code,
        "active": product.active,
        "is_archived": product.is_archived,
        "is_bundle": product.is_bundle,
        "is_upgrade": False,
        "hardware_id_required": True,
        "company_id": call.world.company_id,
        "allow_trial": product.allow_trial,
        "trial_days": product.trial_days,
        "valid_duration": None,
        "maintenance_duration": None,
        "subscription_duration": None,
        "enable_maintenance_period": False,
        "default_license_type": "perpetual",
        "authorization_method": product.authorization_method,
        "max_activations": 1,
        "max_consumptions": 0,
        "consumption_period": None,
        "reset_consumption": False,
        "allow_overages": product.allow_overages,
        "max_overages": product.max_overages,
        "floating_users": 0,
        "floating_timeout": product.floating_timeout,
        "is_floating": False,
        "is_floating_cloud": False,
        "is_node_locked": True,
        "is_user_locked": product.authorization_method == "user",
        "prevent_vm": product.prevent_vm,
        "metadata": product.metadata,
        "features": [
            {
                "id": feature.id,
                "code": feature.code,
                "feature_type": feature.feature_type,
                "max_consumption": 0 if feature.consumption is None else feature.consumption.maximum,
                "metadata": feature.metadata,
            }
            for feature in features.values()
        ],
    }


def product_details(product: ProductTerms) -> Mapping[str, Json]:
    """Show the part about the product that every answer about a license has."""
    return {
        "product_id": product.id,
        "product_name": product.name,
        "short_code": product.short_code,
        "authorization_method": product.authorization_method,
        "metadata": product.metadata,
    }


def _latest_version(call: Call, product: ProductTerms, file: InstallationFile | None) -> Json:
    """Show a file as product_details does: with other field names, and release_date as a date."""
    if file is None:
        return None
    since, address = iso(call.world.home.opened or call.now), _address(call, product, file)
    released = file.release_date
    return {
        "id": file_id(product, file),
        "product_id": product.id,
        "version": file.version,
        "environment": file.environment,
        "full_link": address,
        "filename": address.rpartition("/")[2],
        "release_date": None if released is None else released.astimezone(UTC).date().isoformat(),
        "hash_md5": file.hash_md5,
        "eula_link": file.eula_link,
        "release_notes_link": file.release_notes_link,
        "size": file.size,
        "requires_version": file.requires_version,
        "channel": file.channel,
        "enabled": True,
        "created_at": since,
        "updated_at": since,
    }


def newest_installation(call: Call, product: ProductTerms) -> Json:
    """Show the newest file, or null."""
    file = product.newest_file()
    return None if file is None else {"id": file_id(product, file), **installation(call, product, file)}


def file_id(product: ProductTerms, file: InstallationFile) -> int:
    """Return the id of one of a product's files."""
    return product.id + 1 + product.installation_files.index(file)


def installation(call: Call, product: ProductTerms, file: InstallationFile | None) -> Mapping[str, Json]:
    """Show a file's fields side by side; without a file a check has "" and null, where an activation has one null."""
    shown = file or InstallationFile(version="")
    return {
        "version": shown.version,
        "installation_file": _address(call, product, shown),
        "hash_md5": shown.hash_md5,
        "environment": shown.environment,
        "eula_link": shown.eula_link,
        "release_notes_link": shown.release_notes_link,
        "channel": shown.channel,
        "release_date": iso(shown.release_date),
        "requires_version": shown.requires_version,
        "size": shown.size,
    }


def _address(call: Call, product: ProductTerms, file: InstallationFile) -> str:
    if file.content is None or file.installation_file:
        return file.installation_file
    name = quote(f"{product.short_code}-{file.version}", safe="")
    return f"{call.origin}/files/{call.world.home.tenant}/{file.hash_md5}/{name}"
