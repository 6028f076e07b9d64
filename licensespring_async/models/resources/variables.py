"""Variables that a device keeps with its license."""

from __future__ import annotations

import attrs

from ..json_types import JsonScalar, RecordedAt
from ..model import Model


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class DeviceVariable(Model):
    """An item of the answers of `track_device_variables` and `get_device_variables`.

    Source: https://docs.licensespring.com/license-api/device-variables/track-device-variables

    Attributes:
        variable: The variable's name.
        value: As the service sends it; a number or a boolean may come back as text.
        device_id: The service's id of the device.
        created_at: When the value was set (UTC), whether the service wrote it as text or in milliseconds.
    """

    variable: str
    value: JsonScalar = None
    id: int | None = None
    device_id: int | None = None
    created_at: RecordedAt = None
