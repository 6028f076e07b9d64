"""Activations: a device gets a license, and gives it back."""

from collections.abc import Mapping

from ..errors import InvalidParameter
from ..models import Bundle, License
from ..models.shapes import One, Word
from ..transport.values import Call, Repeat, Tpm
from .binding import SameDevice
from .checks import check_bundle, check_license
from .documenting import documented
from .requests import optional, post, required, who, who_activates

_LICENSE = One(License)
_BUNDLE = One(Bundle)
_DEACTIVATED = Word("license_deactivated")


@documented
def activate_license(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    id_token: str | None = None,
    code: str | None = None,
    customer_account_code: str | None = None,
    redirect_uri: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    is_vm: bool | None = None,
    vm_info: str | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
    variables: Mapping[str, str | float | bool] | None = None,
    tpm: Tpm | None = None,
) -> Call[License]:
    """Activate a license on a device.

    **Side effect:** the device counts among the license's activations until it is deactivated. The call is never sent
    twice after a failure that may have acted. Instead, the client calls `check_license` and returns its answer, or
    activates again if the device is not active. After a single sign-on it cannot do so; then the error says that the
    outcome is unknown.

    Args:
        license_id: Picks one license if the user has several; the newest if left out.
        tpm: Enrolls the key of the device's TPM, and signs the request with it.

    Returns:
        The license.

    Raises:
        LicenseActivatedMaxTimes: The license is active on as many devices as it allows.
        LicenseTransferredMaxTimes: It has moved between devices as often as it allows.

    Cost: one HTTP request per attempt, one RSA verification for the answer and one for the license in it.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-online-method
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who_activates(
            license_key=license_key,
            username=username,
            password=password,
            id_token=id_token,
            code=code,
            customer_account_code=customer_account_code,
            redirect_uri=redirect_uri,
        ),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
        is_vm=is_vm,
        vm_info=vm_info,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
        variables=variables,
        tpm_enrollment=_key_of(tpm),
    )

    def find_out() -> Call[License]:
        return check_license(
            product=product,
            hardware_id=hardware_id,
            license_key=license_key,
            username=username,
            license_id=license_id,
            bundle_code=bundle_code,
        )

    return post(
        "activate_license",
        fields,
        _LICENSE,
        repeat=Repeat.UNLESS_ACTED,
        bind=SameDevice(fields),
        doubt=None if license_key is None and username is None else find_out,
        tpm=tpm,
    )


@documented
def deactivate_license(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    bundle_code: str | None = None,
    consumptions: int | None = None,
    variables: Mapping[str, str | float | bool] | None = None,
    sdk_ver: str | None = None,
) -> Call[None]:
    """Deactivate a license on a device.

    A repeated call changes nothing, so it is retried. If the first answer was lost, the retry may be refused with
    `device_not_found` or `license_not_active`: the device is then deactivated too.

    Args:
        consumptions: Uses to add before the device leaves; a negative number gives uses back.

    Raises:
        DeviceNotFound: The license is not active on this device.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/deactivate-license-online-method
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        bundle_code=bundle_code,
        consumptions=consumptions,
        variables=variables,
        sdk_ver=sdk_ver,
    )
    return post("deactivate_license", fields, _DEACTIVATED)


@documented
def activate_bundle(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    id_token: str | None = None,
    code: str | None = None,
    customer_account_code: str | None = None,
    redirect_uri: str | None = None,
    license_id: int | None = None,
    is_vm: bool | None = None,
    vm_info: str | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
    variables: Mapping[str, str | float | bool] | None = None,
    tpm: Tpm | None = None,
) -> Call[Bundle]:
    """Activate the licenses of a bundle on a device.

    **Side effect:** the device counts among the bundle's activations until it is deactivated. The call is never sent
    twice after a failure that may have acted. Instead, the client calls `check_bundle` and returns its answer, or
    activates again if the device is not active. After a single sign-on it cannot do so; then the error says that the
    outcome is unknown.

    Args:
        product: Short code of the bundle.
        license_id: Picks one license if the user has several; the newest if left out.
        tpm: Enrolls the key of the device's TPM, and signs the request with it.

    Returns:
        The licenses of the bundle.

    Raises:
        LicenseActivatedMaxTimes: The bundle is active on as many devices as it allows.
        LicenseTransferredMaxTimes: It has moved between devices as often as it allows.

    Cost: one HTTP request per attempt, one RSA verification for the answer and one for each license in it.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-bundle-online-method
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who_activates(
            license_key=license_key,
            username=username,
            password=password,
            id_token=id_token,
            code=code,
            customer_account_code=customer_account_code,
            redirect_uri=redirect_uri,
        ),
    ) | optional(
        license_id=license_id,
        is_vm=is_vm,
        vm_info=vm_info,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
        variables=variables,
        tpm_enrollment=_key_of(tpm),
    )

    def find_out() -> Call[Bundle]:
        return check_bundle(
            product=product,
            hardware_id=hardware_id,
            license_key=license_key,
            username=username,
            license_id=license_id,
        )

    return post(
        "activate_bundle",
        fields,
        _BUNDLE,
        repeat=Repeat.UNLESS_ACTED,
        bind=SameDevice(fields),
        doubt=None if license_key is None and username is None else find_out,
        tpm=tpm,
    )


@documented
def deactivate_bundle(
    *,
    product: str,
    hardware_id: str,
    license_key: str | None = None,
    username: str | None = None,
    license_id: int | None = None,
    variables: Mapping[str, str | float | bool] | None = None,
    os_ver: str | None = None,
    hostname: str | None = None,
    os_hostname: str | None = None,
    ip: str | None = None,
    ip_local: str | None = None,
    app_ver: str | None = None,
    sdk_ver: str | None = None,
    mac_address: str | None = None,
) -> Call[None]:
    """Deactivate the licenses of a bundle on a device.

    A repeated call changes nothing, so it is retried. If the first answer was lost, the retry may be refused with
    `device_not_found` or `license_not_active`: the device is then deactivated too.

    Args:
        product: Short code of the bundle.

    Raises:
        DeviceNotFound: The bundle is not active on this device.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/deactivate-bundle-online-method
    """
    fields = required(
        hardware_id=hardware_id,
        product=product,
        **who(license_key=license_key, username=username),
    ) | optional(
        license_id=license_id,
        variables=variables,
        os_ver=os_ver,
        hostname=hostname,
        os_hostname=os_hostname,
        ip=ip,
        ip_local=ip_local,
        app_ver=app_ver,
        sdk_ver=sdk_ver,
        mac_address=mac_address,
    )
    return post("deactivate_bundle", fields, _DEACTIVATED)


def _key_of(tpm: Tpm | None) -> str | None:
    if tpm is None:
        return None
    if isinstance(tpm, type) or not callable(getattr(tpm, "sign", None)) or not hasattr(tpm, "public_key"):
        raise InvalidParameter("tpm", "must be an object with a public_key and a sign() method")
    return tpm.public_key
