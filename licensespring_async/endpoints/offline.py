"""Offline requests: made on a device without a network, sent from one that has it."""

from ..models import Bundle, License
from ..models.shapes import One, Word
from ..transport.values import Call, Repeat
from .documenting import documented
from .requests import post_text

_LICENSE = One(License)
_BUNDLE = One(Bundle)
_DEACTIVATED = Word("license_deactivated")


@documented
def activate_offline(*, request: str) -> Call[License]:
    """Activate a license for a device that has no network.

    **Side effect:** the device counts among the activations. The call is never sent twice after a failure that may have
    acted; you may send the same text again yourself.

    Args:
        request: The text of the `.req` file (Base64), as `licensespring_async.offline` makes it.

    Returns:
        The license. The raw answer's body is the content of the device's `.lic` file.

    Raises:
        SignatureMismatch: The request has a wrong signature.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-license-offline-method
    """
    return post_text("activate_offline", request, _LICENSE, repeat=Repeat.UNLESS_ACTED)


@documented
def deactivate_offline(*, request: str) -> Call[None]:
    """Deactivate a license on a device that has no network.

    A repeated call changes nothing, so it is retried.

    Args:
        request: The text of the `.req` file (Base64), as `licensespring_async.offline` makes it.

    Raises:
        SignatureMismatch: The request has a wrong signature.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/deactivate-license-offline-method
    """
    return post_text("deactivate_offline", request, _DEACTIVATED)


@documented
def activate_bundle_offline(*, request: str) -> Call[Bundle]:
    """Activate a bundle for a device that has no network.

    **Side effect:** the device counts among the activations. The call is never sent twice after a failure that may have
    acted; you may send the same text again yourself.

    Args:
        request: The text of the `.req` file (Base64), as `licensespring_async.offline` makes it.

    Returns:
        The licenses of the bundle. The raw answer's body is the content of the device's `.lic` file.

    Raises:
        SignatureMismatch: The request has a wrong signature.

    Cost: one HTTP request per attempt and one RSA verification.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/activate-bundle-offline-method
    """
    return post_text("activate_bundle_offline", request, _BUNDLE, repeat=Repeat.UNLESS_ACTED)


@documented
def deactivate_bundle_offline(*, request: str) -> Call[None]:
    """Deactivate a bundle on a device that has no network.

    A repeated call changes nothing, so it is retried.

    Args:
        request: The text of the `.req` file (Base64), as `licensespring_async.offline` makes it.

    Raises:
        SignatureMismatch: The request has a wrong signature.

    Cost: one HTTP request per attempt. The service answers with a word, which is not signed.
    Source: https://docs.licensespring.com/license-api/license-activation-and-deactivation/deactivate-bundle-offline-method
    """
    return post_text("deactivate_bundle_offline", request, _DEACTIVATED)
