"""Products, their versions and installation files."""

from ..models import InstallationFile, Product, ProductDetails, Version
from ..models.shapes import Many, One
from ..transport.values import Call
from .binding import SameProduct, SameVersion
from .documenting import documented
from .requests import get, optional, required, who

_DETAILS = One(ProductDetails)
_PRODUCTS = Many(Product)
_VERSIONS = Many(Version)
_FILE = One(InstallationFile)


@documented
def product_details(
    *,
    product: str,
    include_latest_version: bool | None = None,
    include_custom_fields: bool | None = None,
    env: str | None = None,
) -> Call[ProductDetails]:
    """Get the details of a product.

    Returns:
        The product.

    Raises:
        UnknownProduct: No product has this short code.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/products/get-product-details
    """
    fields = required(product=product) | optional(
        include_latest_version=include_latest_version, include_custom_fields=include_custom_fields, env=env
    )
    return get("product_details", fields, _DETAILS, bind=SameProduct(fields))


@documented
def products() -> Call[tuple[Product, ...]]:
    """List the products that the credentials may see.

    Returns:
        The products, in the service's order.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/products
    """
    return get("products", {}, _PRODUCTS)


@documented
def versions(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    env: str | None = None,
    channel: str | None = None,
    sdk_ver: str | None = None,
) -> Call[tuple[Version, ...]]:
    """List the versions of a product that a license may use.

    Returns:
        The versions, in the service's order. One with files for several environments may be listed several times.

    Raises:
        LicenseNotFound: No license of this product has this key or user.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/get-product-versions
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(license_id=license_id, bundle_code=bundle_code, env=env, channel=channel, sdk_ver=sdk_ver)
    return get("versions", fields, _VERSIONS)


@documented
def installation_file(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    env: str | None = None,
    version: str | None = None,
    channel: str | None = None,
    sdk_ver: str | None = None,
) -> Call[InstallationFile]:
    """Get the address and the MD5 of a version's installation file; `client.download` fetches it.

    Args:
        version: Version of the product; the newest that the license may use if left out.

    Returns:
        The file.

    Raises:
        ActiveLicenseRequired: The license must be activated first.
        VersionNotFound: There is no such version.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/get-installation-file
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
        env=env,
        version=version,
        channel=channel,
        sdk_ver=sdk_ver,
    )
    return get("installation_file", fields, _FILE, bind=SameVersion(fields))
