"""One call of an endpoint: what the pure functions behind the paths are given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ..wire.parameters import Values
from ..world.world import World


@attrs.frozen(kw_only=True)
class Call:
    """Carry one admitted request.

    Args:
        world: Where the licenses are.
        values: The parameters, of the query or of the body.
        now: The sandbox's time.
        sign: Gives the `license_signature` (v1) of a text.
    """

    world: World
    values: Values
    now: datetime
    sign: Callable[[str], str]
