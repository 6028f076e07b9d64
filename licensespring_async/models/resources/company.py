"""The vendor's account, as nearly every answer names it."""

from __future__ import annotations

import attrs

from ..model import Model


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class Company(Model):
    """The vendor's account."""

    id: int | None = None
