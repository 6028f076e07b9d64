"""Licenses of a user: what `user_licenses` answers."""

from __future__ import annotations

import attrs

from ..expiry import Judged, TimeFloor, judge
from ..model import Model
from .customers import LicenseUser
from .licenses import License


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class UserLicense(Model, Judged):
    """An item of the answer of `user_licenses`: a license with its user.

    Source: https://docs.licensespring.com/license-api/list-licenses/licenses-for-user
    """

    license: License
    user: LicenseUser | None = None

    def _judge_by(self, floor: TimeFloor) -> None:
        judge(self.license, floor)
