"""Floating slots that are given back.

https://docs.licensespring.com/license-api/floating
"""

from __future__ import annotations

from .calls import Call
from .parameters import read_identity
from .refusals import ServiceError
from .service import admit, admitted_feature, find_license


def release_floating_license(call: Call) -> None:
    """Give a device's slot of a floating license back; a device without one is no error.

    Raises:
        ServiceError: The request is refused.
    """
    identity = read_identity(call.values)
    license = find_license(call.world, identity)
    admit(license, identity.hardware_id, call.now, expired=True)
    if license.slots is not None:
        license.slots.release(identity.hardware_id, call.now)


def release_floating_feature(call: Call) -> None:
    """Give a device's slot of a floating feature back.

    Raises:
        ServiceError: The request is refused.
    """
    identity, _, feature = admitted_feature(call)
    if feature.slots is None:
        raise ServiceError("feature_not_floating")
    if not feature.slots.release(identity.hardware_id, call.now):
        raise ServiceError("floating_feature_device_not_in_use")
