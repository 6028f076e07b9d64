"""Single sign-on."""

from ..errors import InvalidParameter
from ..models import SsoUrl
from ..models.shapes import One
from ..transport.values import Call
from .documenting import documented
from .requests import get, optional, required

_URL = One(SsoUrl)
_TYPES = ("code", "token")


@documented
def sso_url(
    *,
    product: str,
    customer_account_code: str,
    response_type: str = "token",
    bundle_code: str | None = None,
    redirect_uri: str | None = None,
) -> Call[SsoUrl]:
    """Get the page on which a customer's user signs on in a browser.

    The browser returns with an access token, which `activate_license` takes as `id_token`, or with a code, which it
    takes as `code`.

    Args:
        response_type: What the browser returns with: `token`, in the URL's fragment, or `code`, in its query.

    Returns:
        The address of the page.

    Raises:
        CustomerAccountNotFound: There is no such customer account.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/single-sign-on-url
    """
    # Pages of the documentation disagree about the default, so it is always sent.
    fields = required(
        product=product, customer_account_code=customer_account_code, response_type=response_type
    ) | optional(bundle_code=bundle_code, redirect_uri=redirect_uri)
    if fields["response_type"] not in _TYPES:
        raise InvalidParameter("response_type", f"must be {' or '.join(map(repr, _TYPES))}")
    return get("sso_url", fields, _URL)
