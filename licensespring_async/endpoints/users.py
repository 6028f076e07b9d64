"""Users, and listings of licenses: by user, by device, by customer."""

from ..errors import InvalidParameter
from ..models import CustomerLicenseUsers, License, UserLicense
from ..models.shapes import Many, One, Word
from ..transport.values import Call, Repeat
from .documenting import documented
from .requests import get, optional, post, required, who_activates

_CHANGED = Word("password_changed")
_USER_LICENSES = Many(UserLicense)
_LICENSES = Many(License)
_USERS = One(CustomerLicenseUsers)


@documented
def change_password(*, username: str, password: str, new_password: str) -> Call[None]:
    """Change the password of a license user.

    **Side effect:** the old password stops working. The call is never sent twice after a failure that may have acted:
    after an error with `may_have_acted`, either password may be the valid one.

    Args:
        username: The user.
        password: The current password.

    Raises:
        ChangePasswordNotAllowed: The vendor does not let users change their passwords.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/change-password
    """
    fields = required(username=username, password=password, new_password=new_password)
    return post("change_password", fields, _CHANGED, repeat=Repeat.UNLESS_ACTED)


@documented
def user_licenses(
    *,
    product: str,
    username: str | None = None,
    password: str | None = None,
    id_token: str | None = None,
    code: str | None = None,
    customer_account_code: str | None = None,
    redirect_uri: str | None = None,
) -> Call[tuple[UserLicense, ...]]:
    """List the licenses of a user. The password or token travels in the query string: keep URLs out of your own logs.

    Args:
        username: The user; goes with `password`. Exactly one of `username`, `id_token` and `code`.

    Returns:
        The licenses, each with its user.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/list-licenses/licenses-for-user
    """
    if username is None and id_token is None and code is None:
        raise InvalidParameter("username / id_token / code", "none was given; pass exactly one of them")
    fields = required(
        product=product,
        **who_activates(
            license_key=None,
            username=username,
            password=password,
            id_token=id_token,
            code=code,
            customer_account_code=customer_account_code,
            redirect_uri=redirect_uri,
        ),
    )
    return get("user_licenses", fields, _USER_LICENSES)


@documented
def device_licenses(*, hardware_id: str) -> Call[tuple[License, ...]]:
    """List the licenses, of all products, that are active on a device.

    Returns:
        The licenses.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/device-licenses
    """
    return get("device_licenses", required(hardware_id=hardware_id), _LICENSES)


@documented
def customer_license_users(
    *, product: str, customer: str, bundle_code: str | None = None
) -> Call[CustomerLicenseUsers]:
    """List the users of a customer's licenses. The answer holds initial passwords in clear text.

    Returns:
        The customer and its users.

    Raises:
        InvalidProductAuthMethod: The product is not user-based.
        CustomerDoesNotExist: There is no such customer; `CustomerNotFound`: the credentials cannot see it.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/list-license-users-for-customer
    """
    fields = required(product=product, customer=customer) | optional(bundle_code=bundle_code)
    return get("customer_license_users", fields, _USERS)
